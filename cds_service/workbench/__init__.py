"""The workbench: pages on which people try, read and compare the content. It knows no HTTP; ``web.workbench`` does.

Imported only where it is switched on: an answer to a hook call never passes through here.
"""
