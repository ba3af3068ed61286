from django.urls import path

from readerstudy.administration.views import case_sets, datasets, login, planning, readers, results, studies

FIGURE = "studies/<slug:slug>/results/figures/<slug:name>"

urlpatterns = [
    path("login/", login.log_in, name="login"),
    path("logout/", login.log_out, name="logout"),
    path("planning/", planning.planning_page, name="planning"),
    path("planning/power.csv", planning.planning_curve, name="planning-curve"),
    path("datasets/", datasets.dataset_list, name="dataset-list"),
    path("studies/", studies.study_list, name="study-list"),
    path("studies/new/", studies.study_new, name="study-new"),
    path("studies/new/file/", studies.study_new_from_file, name="study-new-file"),
    path("studies/<slug:slug>/", studies.study_detail, name="study-detail"),
    path("studies/<slug:slug>/generate/", case_sets.study_generate, name="study-generate"),
    path("studies/<slug:slug>/retry/", case_sets.study_retry, name="study-retry"),
    path("studies/<slug:slug>/progress", case_sets.study_progress_json, name="study-progress"),
    path("studies/<slug:slug>/open/", studies.study_open, name="study-open"),
    path("studies/<slug:slug>/close/", studies.study_close, name="study-close"),
    path("studies/<slug:slug>/readers/", readers.reader_invite, name="reader-invite"),
    path("studies/<slug:slug>/readers/<int:reader_id>/renew/", readers.reader_renew, name="reader-renew"),
    path("studies/<slug:slug>/results/", results.study_results_page, name="study-results"),
    path(f"{FIGURE}.svg", results.study_figure, {"form": "svg"}, name="study-figure-svg"),
    path(f"{FIGURE}.csv", results.study_figure, {"form": "csv"}, name="study-figure-csv"),
    path("studies/<slug:slug>/report/", results.study_report, name="study-report"),
    path("studies/<slug:slug>/report.pdf", results.study_report_pdf, name="study-report-pdf"),
    path("studies/<slug:slug>/export", results.study_export, name="study-export"),
]
