"""Three addresses for whoever watches this process: does it live, can it work, what has it done."""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from nkwatch.assembly import Newsroom
from nkwatch.domain.part import Part
from nkwatch.web.vitals.counting import Counting, Parts
from nkwatch.web.vitals.metrics import Metrics

T = TypeVar("T")
#: Seconds after which the database has not answered.
PATIENCE = 5.0
NOT_WELL = 503
ENDLESS = timedelta(days=365)


def create_vitals(newsroom: Newsroom, parts: Parts, metrics: Metrics) -> FastAPI:
    """Health, readiness and metrics of the process that runs these parts of an open newsroom."""
    counting = Counting(newsroom, parts)
    registry = CollectorRegistry()
    registry.register(counting)
    registry.register(metrics)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)

    @app.get("/healthz")
    async def healthz() -> JSONResponse:
        late = _late(parts(), newsroom.clock())
        return JSONResponse({"ok": not late, "late": late}, NOT_WELL if late else 200)

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        reasons = {
            "database": await _database(newsroom),
            "parts": _unbegun(parts()),
            "sending": await _locked(newsroom),
        }
        ready = not any(reasons.values())
        return JSONResponse({"ok": ready, "reasons": reasons}, 200 if ready else NOT_WELL)

    @app.get("/metrics")
    async def shown(request: Request) -> Response:
        await counting.refresh()
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"Content-Type": kind, "Cache-Control": "no-store"})

    return app


def _late(parts: Mapping[str, Part], now: datetime) -> list[str]:
    return sorted(name for name, part in parts.items() if part.is_late(now))


def _unbegun(parts: Mapping[str, Part]) -> str:
    # a site is one round without an end
    waiting = sorted(n for n, p in parts.items() if p.ended_at is None and not (p.began_at and p.may_take > ENDLESS))
    return f"no round has ended yet of: {', '.join(waiting)}" if waiting else ""


async def _database(newsroom: Newsroom) -> str:
    """Why the database cannot be used; nothing where it can."""
    prepared = await _asked(asyncio.to_thread(newsroom.database.is_prepared))
    return prepared if isinstance(prepared, str) else "" if prepared else "its schema is not the one of this nkwatch"


async def _locked(newsroom: Newsroom) -> str:
    """Why nothing may be sent at the moment, such as after a restore."""
    return await _asked(newsroom.lock.locked())


async def _asked(asking: Awaitable[T]) -> T | str:
    """The answer, or why there is none."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await asking
    except TimeoutError:
        return f"it has not answered within {PATIENCE:g} seconds"
    except Exception as wrong:  # noqa: BLE001  whatever it is, that is the answer
        return f"it cannot be asked ({type(wrong).__name__})"
