from django.contrib.auth.views import LoginView, LogoutView

from readerstudy.administration.forms import StaffLoginForm
from readerstudy.permissions import public

log_in = public(LoginView.as_view(authentication_form=StaffLoginForm, redirect_authenticated_user=False))
log_out = public(LogoutView.as_view())
