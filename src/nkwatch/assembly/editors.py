"""How editors are known, and what they do at their desk."""

import secrets
from dataclasses import dataclass

from nkwatch import logs
from nkwatch.assembly.parts import pen_of
from nkwatch.assembly.publishing import Publishing, Tools
from nkwatch.config import Config
from nkwatch.keys import Keyring
from nkwatch.mail.enrolling import Enrolling
from nkwatch.store.audit import AuditStore
from nkwatch.store.database import Database
from nkwatch.store.passkeys import PasskeyStore
from nkwatch.store.sessions import SessionStore
from nkwatch.workflow.acts import Acts
from nkwatch.workflow.correct import Correct
from nkwatch.workflow.enrol import Enrol

#: 256 bits: names of sessions, links, permits.
SECRET_BYTES = 32
#: Hexadecimal digits by which words are known in the audit.
MARK = 16


@dataclass(frozen=True, slots=True)
class Editors:
    """Their keys and sessions, how they get a key, what they do, and the rows that tell of it."""

    passkeys: PasskeyStore
    sessions: SessionStore
    audit: AuditStore
    enrol: Enrol
    acts: Acts


def new_secret() -> str:
    """What nobody can guess (hexadecimal)."""
    return secrets.token_hex(SECRET_BYTES)


def editors_of(
    config: Config, database: Database, keyring: Keyring, tools: Tools, made: Publishing, correct: Correct
) -> Editors:
    """All of it."""
    passkeys, sessions = PasskeyStore(database), SessionStore(database, keyring)
    audit, clock = AuditStore(database, keyring), tools.clock
    post = Enrolling(pen_of(config, tools.composer, tools.relay, clock))
    return Editors(
        passkeys=passkeys,
        sessions=sessions,
        audit=audit,
        enrol=Enrol(config.editors, sessions, passkeys, post, clock, logs.notice, config.desk.origin, new_secret),
        acts=Acts(
            rulings=made.rulings,
            stories=made.stories,
            digests=made.digests,
            correct=correct,
            statements=tools.statements,
            audit=audit,
            clock=clock,
            mark=lambda words: keyring.lookup(f"audit words {words}").hex()[2 : 2 + MARK],
        ),
    )
