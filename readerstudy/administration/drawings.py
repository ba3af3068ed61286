"""Figures as files to download."""

from django.http import HttpResponse

from readerstudy.analysis.exports.tables import escaped
from readerstudy.analysis.figures.drawing import Drawing


def drawing_file(drawing: Drawing, owner: str, form: str) -> HttpResponse:
    """Return the drawing as SVG, or what it draws as CSV; the file is named by its owner, such as a study's slug."""
    if form == "svg":
        response = HttpResponse(drawing.svg, content_type="image/svg+xml")
    else:
        response = HttpResponse(escaped(drawing.data).to_csv(index=False, lineterminator="\n"), content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="{owner}-{drawing.name}.{form}"'
    return response
