// One line an event: time, severity, domain, message, and what it is about.

function write(severity, domain, message, details = {}) {
  const words = Object.entries(details)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  console.log([new Date().toISOString(), severity, `[${domain}]`, message, ...words].join(' '));
}

export const log = {
  info: (domain, message, details) => write('info', domain, message, details),
  error: (domain, message, details) => write('error', domain, message, details),
};
