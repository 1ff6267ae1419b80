"""``python -m cds_service``."""

from cds_service.tools.cli import main

main()
