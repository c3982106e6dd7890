// What a caller is told: a status, a code that programs understand, a sentence for people.

export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function need(body, ...names) {
  for (const name of names) {
    if (body?.[name] === undefined || body[name] === null || body[name] === '') {
      throw new Refusal(400, 'missing_required_fields', `${name} is missing`);
    }
  }
  return body;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function isUuid(text) {
  return typeof text === 'string' && UUID.test(text);
}
