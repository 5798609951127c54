"""The small site: server-rendered pages without scripts, cookies or requests to anybody else.

Pages read straight from the newsroom's stores. Only a POST ever changes anything, and only through the workflow.
"""
