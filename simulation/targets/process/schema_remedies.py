"""What to do about a statement that the database refused, by what it said."""

from __future__ import annotations

import re

import psycopg

_EXTENSION_OF = {
    "uuid_generate_v1": "uuid-ossp",
    "uuid_generate_v1mc": "uuid-ossp",
    "uuid_generate_v3": "uuid-ossp",
    "uuid_generate_v4": "uuid-ossp",
    "uuid_generate_v5": "uuid-ossp",
    "crypt": "pgcrypto",
    "digest": "pgcrypto",
    "gen_random_bytes": "pgcrypto",
    "gen_salt": "pgcrypto",
    "hmac": "pgcrypto",
    "pgp_sym_decrypt": "pgcrypto",
    "pgp_sym_encrypt": "pgcrypto",
    "citext": "citext",
    "hstore": "hstore",
    "ltree": "ltree",
    "similarity": "pg_trgm",
    "word_similarity": "pg_trgm",
    "gin_trgm_ops": "pg_trgm",
    "gist_trgm_ops": "pg_trgm",
    "unaccent": "unaccent",
    "vector": "vector",
}
"""Function, type or operator class → the extension that brings it."""
_MISSING = re.compile(
    r'(?:function|type|operator class) "?(?:\w+\.)?(?P<name>\w+)(?:"|\(.*\))? (?:does not exist|.*no .*)'
)
_ROLE = re.compile(r'role "(?P<name>[^"]+)" does not exist')
_SETTING = re.compile(r'unrecognized configuration parameter "(?P<name>[^"]+)"')
_EXTENSION = re.compile(r'extension "(?P<name>[^"]+)" is not available|extension control file "[^"]*/(?P<file>[^/"]+)')
_SCHEMA = re.compile(r'schema "(?P<name>[^"]+)" does not exist')
_TABLE = re.compile(r'relation "(?P<name>[^"]+)" does not exist')
_NO_OPERATOR_CLASS = re.compile(r'has no default operator class for access method "(?P<method>gist|gin)"')


def remedy_of(error: psycopg.Error) -> str:
    """One sentence; the server's own hint where nothing better is known."""
    said = error.diag.message_primary or str(error)
    if found := _EXTENSION.search(said):
        name = found["name"] or found["file"].removesuffix(".control")
        return (
            f'this server does not bring {name}: where [database] of target.toml names it, extensions = ["{name}"], '
            "a server of this machine that has it is taken ('simulate doctor' lists them)"
        )
    if found := _SETTING.search(said):
        return f'if the schema does without: skip_settings = ["{found["name"]}"] in [database] of target.toml'
    if found := _ROLE.search(said):
        return (
            f"the run's database has no role {found['name']}: leave owners and grants out (pg_dump --no-owner "
            "--no-privileges); the backend's own role may read and write every table"
        )
    if (found := _MISSING.search(said)) and found["name"] in _EXTENSION_OF:
        return f'write above it: CREATE EXTENSION IF NOT EXISTS "{_EXTENSION_OF[found["name"]]}";'
    if found := _NO_OPERATOR_CLASS.search(said):
        return f"write above it: CREATE EXTENSION IF NOT EXISTS btree_{found['method']};"
    if found := _SCHEMA.search(said):
        return f"write above it: CREATE SCHEMA {found['name']};"
    if found := _TABLE.search(said):
        return f"create {found['name']} above it; is a file loaded before this one where it is made?"
    return error.diag.message_hint or "correct the statement there"
