from django.db import models

from readerstudy.models.append_only import AppendOnly
from readerstudy.models.reader import Reader


class DisplayCheck(AppendOnly):
    """Whether a reader saw the darkest and the brightest step of a test pattern, on which screen; before a sitting."""

    reader = models.ForeignKey(Reader, on_delete=models.PROTECT, related_name="display_checks")
    at = models.DateTimeField(auto_now_add=True)
    dark_shown = models.CharField(max_length=4, help_text="digits drawn at 5 % on black")
    dark_seen = models.CharField(max_length=4, blank=True, help_text="as typed; empty where none was seen")
    bright_shown = models.CharField(max_length=4, help_text="digits drawn at 95 % on white")
    bright_seen = models.CharField(max_length=4, blank=True)
    screen_width = models.PositiveIntegerField(help_text="CSS pixels")
    screen_height = models.PositiveIntegerField(help_text="CSS pixels")
    pixel_ratio = models.FloatField(help_text="screen pixels in a CSS pixel")
    colour_depth = models.PositiveIntegerField(help_text="bits of a pixel")

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.reader} {self.at:%Y-%m-%d %H:%M}"

    @property
    def passed(self) -> bool:
        return self.dark_seen == self.dark_shown and self.bright_seen == self.bright_shown
