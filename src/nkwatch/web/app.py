"""The site as one ASGI application."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from nkwatch.assembly import Newsroom
from nkwatch.web.api.routes import PLACE, Api
from nkwatch.web.bounces import Hooks
from nkwatch.web.cases import CasePages
from nkwatch.web.check import Check
from nkwatch.web.choosing import Choosing
from nkwatch.web.chosen import Naming
from nkwatch.web.citing import Citing
from nkwatch.web.copies import Copies
from nkwatch.web.dossier import Dossiers
from nkwatch.web.editions import EditionPages
from nkwatch.web.feeds import Feeds
from nkwatch.web.keeping import Keeping
from nkwatch.web.news import News
from nkwatch.web.offers import Offers
from nkwatch.web.outlook import Outlooks
from nkwatch.web.pages import Pages
from nkwatch.web.pictures import Pictures
from nkwatch.web.preview import Mailbox, Preview
from nkwatch.web.problems import problem_of
from nkwatch.web.searching import Searching
from nkwatch.web.settings import Settings
from nkwatch.web.shell import Shell
from nkwatch.web.signup import SignUps
from nkwatch.web.sitemap import Sitemap
from nkwatch.web.sourcing import Sourcing
from nkwatch.web.subscription import Subscriptions
from nkwatch.web.theming import Theming


def create_app(newsroom: Newsroom, *, mailbox: Mailbox | None = None) -> Starlette:
    """The site over an open newsroom. With a `mailbox`, pages for the demo show what was read and what was mailed.

    Raises `ConfigError` when a template is wrong. Run it without an access log: addresses of pages hold tokens.
    """
    pages = Pages(newsroom, preview=mailbox is not None)
    naming, offers = Naming.of(newsroom), Offers(newsroom, tuple(pages.locales))
    outlooks = Outlooks(newsroom, naming)
    settings = Settings(newsroom, pages, naming)
    app = Starlette()
    app.router.redirect_slashes = False
    app.add_middleware(
        Keeping,
        spoken=tuple(pages.locales),
        clock=newsroom.clock,
        generation=lambda: newsroom.database.generation,
        apart=[PLACE],
    )
    app.add_middleware(Shell, answer=pages.problem, site=newsroom.config.site.url)
    parts = [
        *(part(newsroom, pages) for part in (Citing, Pictures, News, Feeds, Searching, Dossiers, Theming, Sourcing)),
        Sitemap(newsroom, pages),
        SignUps(newsroom, pages, offers, outlooks),
        Subscriptions(newsroom, pages, naming),
        settings,
        Choosing(newsroom, pages, settings, offers, outlooks),
        *(part(newsroom, pages) for part in (Copies, EditionPages, CasePages, Check)),
        Hooks(pages, newsroom.keyring, newsroom.clock, newsroom.hooks, newsroom.bounces),
        *([Preview(newsroom, pages, mailbox)] if mailbox is not None else []),
    ]
    for part in parts:
        app.router.routes.extend(part.routes())
    Api(newsroom, pages).mount(app)

    async def tell(request: Request, error: Exception) -> HTMLResponse:
        status = error.status_code if isinstance(error, HTTPException) else 400
        answer = pages.problem(request, problem_of(status))
        answer.headers.update((isinstance(error, HTTPException) and error.headers) or {})
        return answer

    app.add_exception_handler(HTTPException, tell)
    return app
