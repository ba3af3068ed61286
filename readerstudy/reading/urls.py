from django.urls import path, register_converter

from readerstudy.reading import entrance, views


class TokenConverter:
    regex = "[0-9a-f]{32}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(TokenConverter, "token")

urlpatterns = [
    path("invitation/<str:secret>/", entrance.invitation, name="invitation"),
    path("return/", entrance.return_page, name="return"),
    path("reading/studies/", entrance.studies, name="studies"),
    path("reading/sign-out/", entrance.sign_out, name="sign-out"),
    path("reading/withdrawal/", entrance.withdrawal, name="withdrawal"),
    path("reading/instructions/", views.instructions, name="instructions"),
    path("reading/display/", views.display_check, name="display-check"),
    path("reading/sitting/", views.next_sitting, name="next-sitting"),
    path("reading/debrief/", views.debrief, name="debrief"),
    path("reading/finished/", views.finished, name="finished"),
    path("reading/", views.room, name="reading-room"),
    path("reading/state", views.state, name="state"),
    path("reading/preferences", views.preferences, name="preferences"),
    path("reading/cases/<token:token>/slices/<int:number>", views.slice_member, name="slice"),
    path("reading/sitting/end", views.sitting_end, name="sitting-end"),
    path("reading/cases/<token:token>/earlier", views.earlier, name="earlier"),
    path("reading/cases/<token:token>/answer", views.answer, name="answer"),
    path("reading/cases/<token:token>/problem", views.problem, name="problem"),
]
