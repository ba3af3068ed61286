"""The gallery: blinded to the arms, by the design's criteria, on record, and told arm by arm once it is over."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.design import parse_design
from readerstudy.domain.eligibility import CRITERIA, ELIGIBILITY
from readerstudy.domain.errors import DomainError
from readerstudy.domain.exports import export_study
from readerstudy.domain.gallery import (
    NoSuchCaseError,
    accept_case,
    find_gallery_case,
    open_gallery,
    reject_case,
    rejected_without_replacement,
)
from readerstudy.domain.gallery_rates import rejection_rates
from readerstudy.domain.protocol import protocol_of
from readerstudy.domain.queries.progress import readiness
from readerstudy.domain.results import study_results
from readerstudy.models.append_only import AppendOnlyError
from readerstudy.models.case_review import CaseReplacement, CaseReview
from readerstudy.models.ground_truth import GroundTruth
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def study():
    factories.make_patients(real=4, hosts=4)
    return built(gallery={"max_rejected": 0.5}, reading={"practice": 1})


def built(**changes):
    study = factories.make_draft(**changes)
    start_generation(study=study, actor=factories.ACTOR)
    factories.build_cases(study)
    study.refresh_from_db()
    return study


def gallery(study, viewer="ann"):
    return open_gallery(study=study, viewer=viewer)


def of_arm(study, truth, viewer="ann"):
    codes = {str(one.case_id) for one in GroundTruth.objects.filter(case__study=study, truth=truth)}
    return next(case for case in gallery(study, viewer).cases if str(case.pack.case_id) in codes)


def accept_all(study):
    for case in gallery(study).cases:
        accept_case(study=study, token=case.token, actor="ann")


def reject(study, case, reason=CRITERIA[0], actor="ann"):
    reject_case(study=study, token=case.token, reason=reason, actor=actor)


def test_it_shows_the_cases_that_count_to_everybody_in_an_order_and_under_names_of_their_own(study):
    ann, bob = gallery(study, "ann"), gallery(study, "bob")

    assert len(ann.cases) == len(bob.cases) == 4
    assert not any(case.pack.case.practice for case in ann.cases)
    assert {case.token for case in ann.cases}.isdisjoint(case.token for case in bob.cases)
    assert [case.token for case in ann.cases] == [case.token for case in gallery(study, "ann").cases]


def test_a_verdict_is_kept_and_the_next_case_comes(study):
    first = gallery(study).after(None)

    accept_case(study=study, token=first.token, actor="ann")

    seen = gallery(study)
    assert seen.n_accepted == 1
    assert first.token not in (seen.after(first.token).token, seen.after(None).token)
    review = CaseReview.objects.get()
    assert (review.accepted, review.reason, str(review.actor)) == (True, "", "ann")
    with pytest.raises(AppendOnlyError):
        review.delete()


@pytest.mark.parametrize("truth", ["real", "synthetic"])
@pytest.mark.parametrize("reason", [CRITERIA[0], ELIGIBILITY[0]])
def test_a_rejected_case_of_either_arm_is_replaced_and_shown_anew(study, truth, reason):
    case = of_arm(study, truth)

    reject(study, case, reason)

    assert gallery(study).n_waiting == 1
    assert readiness(study) == ["1 of 5 cases are still being built."]
    factories.build_cases(study)
    seen = gallery(study)
    assert (seen.n_cases, seen.n_waiting, seen.n_rejections) == (4, 0, 1)
    assert case.token not in {one.token for one in seen.cases}
    assert seen.count("to review") == 4
    assert CaseReplacement.objects.get().reason == reason


@pytest.mark.parametrize("truth", ["real", "synthetic"])
@pytest.mark.parametrize("reason", [CRITERIA[0], ELIGIBILITY[0]])
def test_whatever_the_reason_another_patient_comes_in_either_arm(study, truth, reason):
    case = of_arm(study, truth)
    shown = set(GroundTruth.objects.values_list("source__volume__patient_key", flat=True))

    reject(study, case, reason)

    assert GroundTruth.objects.get(case=case.pack.case).source.volume.patient_key not in shown


def test_a_case_that_was_replaced_meanwhile_is_not_judged(study):
    case = of_arm(study, "real", viewer="bob")
    reject(study, next(one for one in gallery(study, "ann").cases if one.pack.case_id == case.pack.case_id))

    with pytest.raises(NoSuchCaseError, match="replaced meanwhile"):
        accept_case(study=study, token=case.token, actor="bob")


def test_a_reason_must_be_one_of_the_designs(study):
    with pytest.raises(DomainError, match="Choose one of the reasons"):
        reject(study, of_arm(study, "real"), "It looks synthetic")

    assert not CaseReview.objects.exists()


def test_no_more_is_rejected_than_the_design_allows():
    factories.make_patients(real=4, hosts=4)
    study = built()  # a quarter of four
    reject(study, of_arm(study, "real"))
    factories.build_cases(study)

    with pytest.raises(DomainError, match=r"^1 cases were rejected, the most that the design allows"):
        reject(study, of_arm(study, "synthetic"))

    assert CaseReview.objects.count() == 1


@pytest.mark.parametrize("truth", ["real", "synthetic"])
@pytest.mark.parametrize("there", [{"real": 3, "hosts": 2}, {"real": 2, "hosts": 3}])
def test_where_one_arm_has_nobody_left_cases_of_both_stay_rejected_and_keep_the_study_shut(truth, there):
    factories.make_patients(**there)
    study = built()
    case = of_arm(study, truth)

    reject(study, case)

    assert gallery(study).n_rejected == rejected_without_replacement(study) == 1
    assert not CaseReplacement.objects.exists()
    assert readiness(study) == [
        "1 case rejected in the gallery could not be replaced: import more data and reject again, or accept."
    ]
    accept_case(study=study, token=case.token, actor="ann")
    assert readiness(study) == []


def test_rejecting_again_after_an_import_replaces_it_and_counts_once():
    factories.make_patients(real=2, hosts=2)
    study = built()
    case = of_arm(study, "real")
    reject(study, case)
    factories.make_patients(real=1, hosts=1)

    reject(study, case)

    assert gallery(study).n_waiting == 1
    assert gallery(study).n_rejections == 1


def test_nothing_is_reviewed_once_the_study_is_open(study):
    token = gallery(study).cases[0].token
    factories.open_audited(study)

    with pytest.raises(DomainError, match="its cases are reviewed before opening"):
        accept_case(study=study, token=token, actor="ann")


def test_a_detail_of_the_slice_with_the_lesion_is_drawn(study):
    image = Image.open(io.BytesIO(gallery(study).cases[0].draw()))

    assert image.format == "PNG"
    assert max(image.size) == 128
    assert np.ptp(np.asarray(image)) > 100  # organ and fat


def test_an_unknown_token_is_no_case(study):
    with pytest.raises(NoSuchCaseError):
        find_gallery_case(study=study, viewer="ann", token="0" * 32)


def test_rates_of_each_arm_are_frozen_and_stand_beside_the_results(study, tmp_path):
    reject(study, of_arm(study, "synthetic"))
    factories.build_cases(study)
    accept_all(study)
    factories.open_audited(study)

    (real, ours) = protocol_of(study).document["gallery"]
    assert (real["n_cases"], real["n_reviewed"], real["n_shown"], real["n_rejected"]) == (2, 2, 2, 0)
    assert (ours["generator"], ours["n_shown"], ours["n_rejected"], ours["share"]) == ("hand-crafted", 3, 1, 1 / 3)
    factories.close(study)
    study.refresh_from_db()
    assert study_results(study).gallery == [
        "Before opening, staff blinded to the arms reviewed 4 of 4 cases. "
        "Rejected and replaced: real 0 of 2 (0.0 %); hand-crafted 1 of 3 (33.3 %)."
    ]
    export_study(study=study, folder=tmp_path / "out", actor="ann")
    reviews = pd.read_csv(tmp_path / "out" / "gallery_reviews.csv")
    assert (len(reviews), list(reviews["accepted"]).count(False)) == (5, 1)
    rejected = reviews[~reviews["accepted"]].iloc[0]
    assert (rejected["version"], rejected["generator"], rejected["reason"]) == (1, "hand-crafted", CRITERIA[0])
    assert rejected["synthesis_seed"] >= 0
    assert len(pd.read_csv(tmp_path / "out" / "gallery.csv")) == 2
    assert "staff blinded to the arms reviewed 4 of 4 cases" in (tmp_path / "out" / "report.html").read_text()


def test_where_nobody_looked_the_results_say_so(study):
    assert rejection_rates(study)["n_shown"].sum() == 0
    factories.open_audited(study)
    factories.close(study)
    study.refresh_from_db()

    assert study_results(study).gallery == ["No case was reviewed in the gallery before opening."]


def test_a_design_needs_some_reason_to_reject_by():
    with pytest.raises(DomainError, match="name at least one criterion"):
        parse_design(factories.design_data(gallery={"eligibility": [], "criteria": []}))
