"""The operator's settings: one TOML file and one file of secrets beside it."""

from nkwatch.config.loading import load_config, load_secrets
from nkwatch.config.mail import MailSettings
from nkwatch.config.people import AlertSettings, EditorSettings, SignUpSettings, SiteSettings
from nkwatch.config.returns import BouncesSettings
from nkwatch.config.running import WebSettings
from nkwatch.config.secret import SECRETS, Secrets
from nkwatch.config.settings import Config
from nkwatch.config.signing import DkimSettings
from nkwatch.config.sources import PollingSettings, SourceSettings

__all__ = [
    "SECRETS",
    "AlertSettings",
    "BouncesSettings",
    "Config",
    "DkimSettings",
    "EditorSettings",
    "MailSettings",
    "PollingSettings",
    "Secrets",
    "SignUpSettings",
    "SiteSettings",
    "SourceSettings",
    "WebSettings",
    "load_config",
    "load_secrets",
]
