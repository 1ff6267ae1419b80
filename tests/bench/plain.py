"""The service without authentication and without memory: what a call costs before trust is added."""

import os

from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.web.app import create_app
from cds_service.web.serve import serve

settings = Settings.from_env(os.environ)
edition = Edition.load(settings)
serve(lambda: create_app(settings, edition), settings)
