from django.apps import AppConfig


class ReaderStudyConfig(AppConfig):
    name = "readerstudy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from readerstudy import checks  # noqa: F401  registers the system checks
