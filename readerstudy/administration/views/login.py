from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpResponse

from readerstudy.administration.forms import StaffLoginForm
from readerstudy.permissions import public

WORKING_DAY_S = 10 * 60 * 60  # readers' sessions last longer, but staff see the truth


class StaffLoginView(LoginView):
    authentication_form = StaffLoginForm

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """End a reader's session in the same browser, so that nobody is both at once."""
        self.request.session.flush()
        response = super().form_valid(form)
        self.request.session.set_expiry(WORKING_DAY_S)
        return response


log_in = public(StaffLoginView.as_view())
log_out = public(LogoutView.as_view())
