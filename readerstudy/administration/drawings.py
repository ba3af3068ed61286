"""Figures as files to download."""

from django.http import HttpResponse

from readerstudy.analysis.exports.tables import escaped
from readerstudy.analysis.figures.drawing import Drawing
from readerstudy.models.study import Study


def drawing_file(drawing: Drawing, study: Study, form: str) -> HttpResponse:
    """Return the drawing as SVG, or what it draws as CSV."""
    if form == "svg":
        response = HttpResponse(drawing.svg, content_type="image/svg+xml")
    else:
        response = HttpResponse(escaped(drawing.data).to_csv(index=False, lineterminator="\n"), content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="{study.slug}-{drawing.name}.{form}"'
    return response
