"""The kinds of faults at a named statement; what they share is in :mod:`simulation.scenario.faults.statement_fault`."""

from __future__ import annotations

from typing import Literal

from simulation.scenario.faults.alerting import STORM_RUNBOOK
from simulation.scenario.faults.statement_fault import AtAStatement, SlowSeconds, StatementFault


class PlatformKilledBeforeStatement(AtAStatement):
    """The platform is killed when it is about to send the statement, and starts again half a minute later."""

    kind: Literal["platform_killed_before_statement"]
    title = "The platform is killed before a statement"
    origin = "An out-of-memory kill, a lost machine, a deploy in the middle of a transaction."
    recovery = "Nothing of the transaction happened. A later run or delivery does it from the start."
    deed = "kill"
    drawn = 10


class PlatformKilledAfterStatement(AtAStatement):
    """The platform is killed when the server has carried the statement out, and starts again half a minute later."""

    kind: Literal["platform_killed_after_statement"]
    title = "The platform is killed after a statement"
    origin = "An out-of-memory kill while a large answer is read."
    recovery = "The open transaction is rolled back by the server. A later run or delivery does it from the start."
    deed = "kill"
    after = True
    drawn = 11


class PlatformKilledAfterCommit(StatementFault):
    """The platform is killed between its COMMIT and whatever comes next, and starts again half a minute later."""

    kind: Literal["platform_killed_after_commit"]
    title = "The platform is killed right after a COMMIT"
    origin = "A deploy that drains nobody; the power fails between a commit and the call it was for."
    recovery = "What was committed stands and names what is left to do. A later run takes it up."
    place = "commit"
    adds_to = STORM_RUNBOOK
    deed = "kill"
    after = True
    drawn = 12


class PlatformKilledBeforeCall(StatementFault):
    """The platform is killed when it is about to call Stripe or the score provider; `nth` counts its calls."""

    kind: Literal["platform_killed_before_call"]
    title = "The platform is killed before a call to the outside"
    origin = "A deploy in the moment between the claim of a transfer and its sending."
    recovery = "Has committed what it was about to do. A later run finds it abandoned and does it under the same key."
    place = "call"
    counted = "call"
    deed = "kill"
    drawn = 23


class PlatformKilledAfterCall(StatementFault):
    """The platform is killed when its call has been answered and nothing of it is written; `nth` counts its calls."""

    kind: Literal["platform_killed_after_call"]
    title = "The platform is killed after a call to the outside"
    origin = "An out-of-memory kill between the answer of Stripe and the transaction that records it."
    recovery = "Has committed what it was about to do. A later run sends it again under its key, to no effect."
    place = "call"
    counted = "call"
    deed = "kill"
    after = True
    drawn = 24


class StatementConnectionDropped(AtAStatement):
    """The connection breaks when the statement is sent; the server rolls its transaction back."""

    kind: Literal["statement_connection_dropped"]
    title = "The database connection breaks at a statement"
    origin = "A firewall that forgets idle connections, a fail-over of a proxy."
    recovery = "Takes another connection; a later run or delivery does the transaction from the start."
    deed = "drop"
    drawn = 13


class CommitAnswerLost(StatementFault):
    """COMMIT is carried out, and the connection breaks before its answer comes."""

    kind: Literal["commit_answer_lost"]
    title = "A COMMIT is carried out, and its answer is lost"
    origin = "A network that breaks in the one moment in which nobody knows what happened."
    recovery = "Finds what it committed when it does it again, by business key, and does nothing twice."
    place = "commit"
    adds_to = STORM_RUNBOOK
    deed = "drop"
    after = True
    drawn = 14


class CommitLost(StatementFault):
    """The connection breaks when COMMIT is sent, and the server rolls the transaction back."""

    kind: Literal["commit_lost"]
    title = "A COMMIT never arrives, and no answer comes"
    origin = "The same network, a packet earlier: to the client both look alike."
    recovery = "Finds nothing of it when it does it again, and does it."
    place = "commit"
    deed = "drop"
    drawn = 15


class SerializationFailure(AtAStatement):
    """The server refuses the statement with 40001: a concurrent transaction came first."""

    kind: Literal["serialization_failure"]
    title = "The database could not serialize access (40001)"
    origin = "Two workers at REPEATABLE READ, or a row that changed under an UPDATE."
    recovery = "Rolls back and does the whole transaction again, at once or at the next run."
    deed = "error"
    sqlstate = "40001"
    drawn = 16


class DeadlockDetected(AtAStatement):
    """The server ends the transaction at the statement with 40P01, as the victim of a deadlock."""

    kind: Literal["deadlock_detected"]
    title = "The database detected a deadlock (40P01)"
    origin = "Two transactions that lock the same rows in different orders."
    recovery = "Rolls back and does the whole transaction again, at once or at the next run."
    deed = "error"
    sqlstate = "40P01"
    drawn = 17


class LockNotAvailable(AtAStatement):
    """The server refuses the statement with 55P03: somebody else has the lock, and its patience is over."""

    kind: Literal["lock_not_available"]
    title = "A lock could not be had in time (55P03)"
    origin = "A migration that holds a table, a console left open, with lock_timeout set."
    recovery = "Rolls back and does the whole transaction again at the next run."
    deed = "error"
    sqlstate = "55P03"
    drawn = 18


class DatabaseRestarted(AtAStatement):
    """The server ends every session of the platform at the statement with 57P01, and takes new ones at once."""

    kind: Literal["database_restarted"]
    title = "The database server restarts at a statement (57P01)"
    origin = "Maintenance of a managed database, or its fail-over."
    recovery = "Opens new connections; what was not committed is done from the start by a later run or delivery."
    deed = "terminate"
    sqlstate = "57P01"
    drawn = 19


class TooManyConnections(StatementFault):
    """The connection for the transaction is gone, and the server grants no new one (53300)."""

    kind: Literal["too_many_connections"]
    title = "The database grants no connection for a transaction (53300)"
    origin = "Another program's connections, in the moment in which a pool opens one anew."
    recovery = "The run or request fails as a whole; the next one finds a connection."
    place = "connection"
    deed = "error"
    sqlstate = "53300"
    drawn = 20


class StatementSlow(StatementFault):
    """The transaction's first statement takes `seconds` of simulated time to reach the server."""

    kind: Literal["statement_slow"]
    seconds: SlowSeconds = 60
    title = "A statement takes long"
    origin = "A connection that has to be set up again, a proxy in between, storage that stutters."
    recovery = "Goes on when it is done; what fell due meanwhile is done late."
    place = "statement"
    deed = "slow"
    breaks_off = False
    turns_people_away = False
    drawn = 21


class DatabaseDiskFull(AtAStatement):
    """The first writing statement from `statement` on is refused with 53100: no space left on the server's device."""

    kind: Literal["database_disk_full"]
    title = "The database's disk is full at a write (53100)"
    origin = "A replication slot that nobody reads, a log that nobody rotates."
    recovery = "Rolls back; when there is room again, a later run or delivery does it from the start."
    place = "write"
    deed = "error"
    sqlstate = "53100"
    drawn = 22


StatementKinds = (
    PlatformKilledBeforeStatement
    | PlatformKilledAfterStatement
    | PlatformKilledAfterCommit
    | PlatformKilledBeforeCall
    | PlatformKilledAfterCall
    | StatementConnectionDropped
    | CommitAnswerLost
    | CommitLost
    | SerializationFailure
    | DeadlockDetected
    | LockNotAvailable
    | DatabaseRestarted
    | TooManyConnections
    | StatementSlow
    | DatabaseDiskFull
)
