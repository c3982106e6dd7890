// node add-admin.js NAME EMAIL ROLE: appoints staff; prints the new id.
import { addPerson } from './lib/players.js';
import { pool } from './lib/db.js';

const [name, email, role] = process.argv.slice(2);
const id = await addPerson({ name, email, staffRole: role, request: 'deployment', why: `appointed as ${role}` });
console.log(id);
await pool.end();
