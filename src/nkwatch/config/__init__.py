"""The operator's settings: one TOML file and one file of secrets beside it."""

from nkwatch.config.loading import load_config, load_secrets
from nkwatch.config.mail import BouncesSettings, DkimSettings, MailSettings
from nkwatch.config.settings import (
    SECRETS,
    AlertSettings,
    Config,
    EditorSettings,
    PollingSettings,
    Secrets,
    SignUpSettings,
    SiteSettings,
    SourceSettings,
    WebSettings,
)

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
