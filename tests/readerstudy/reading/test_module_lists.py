"""The modules that pages name ahead of their scripts are those that the scripts import: none missing, none too many."""

import re
from pathlib import Path

from django.conf import settings

SCRIPTS = Path(settings.BASE_DIR) / "static" / "readerstudy" / "js"
TEMPLATES = Path(settings.BASE_DIR) / "templates" / "readerstudy" / "reading"
IMPORT = re.compile(r'^import\b[^;]*?"(\.[^"]+)";', re.MULTILINE)


def modules_of(name: str) -> set[str]:
    """Return a script and all that it imports, at once or by way of others, by their paths below the scripts."""
    found, ahead = set(), [(SCRIPTS / name).resolve()]
    while ahead:
        script = ahead.pop()
        if script not in found:
            found.add(script)
            ahead += [(script.parent / imported).resolve() for imported in IMPORT.findall(script.read_text())]
    return {str(script.relative_to(SCRIPTS)) for script in found}


def listed(template: str) -> list[str]:
    return re.findall(r"modulepreload.*'readerstudy/js/([^']+)'", (TEMPLATES / template).read_text())


def test_the_viewers_head_names_what_an_image_needs():
    assert listed("_viewer_head.html") == sorted(modules_of("viewer/main.js"))


def test_the_page_before_the_room_fetches_the_rest_of_it_ahead():
    needed = modules_of("reading/main.js") | modules_of("reading/room.js")
    assert listed("_room_modules.html") == sorted(needed - modules_of("viewer/main.js"))
