"""The tasks are thin, and safe to run twice."""

import pytest

from readerstudy import tasks
from readerstudy.domain.bell import RUN_SYNTHESIS, WRITE_PACK
from readerstudy.domain.case_sets import start_generation
from readerstudy.models.case import SlicePack
from readerstudy.models.job import Job
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.synthesis_run import SynthesisRun
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]

TASKS = [tasks.run_synthesis, tasks.write_pack, tasks.reconcile]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_task_survives_its_worker(task):
    assert task.acks_late is True
    assert task.reject_on_worker_lost is True
    assert task.max_retries == 3


def test_the_bell_calls_the_tasks_by_their_names():
    assert (tasks.run_synthesis.name, tasks.write_pack.name) == (RUN_SYNTHESIS, WRITE_PACK)


def test_tasks_that_run_twice_have_done_their_work_once():
    factories.make_patients(real=2, hosts=2)
    start_generation(study=factories.make_draft(), actor="ann")
    imported = StoredFile.objects.count()

    for _ in range(2):
        for run in SynthesisRun.objects.all():
            tasks.run_synthesis(run.pk)
        for pack in SlicePack.objects.all():
            tasks.write_pack(pack.pk)
        tasks.reconcile(everything=True)

    assert set(SlicePack.objects.values_list("state", "attempts")) == {(Job.State.SUCCEEDED, 1)}
    assert set(SynthesisRun.objects.values_list("state", "attempts")) == {(Job.State.SUCCEEDED, 1)}
    assert StoredFile.objects.count() == imported + 4 + 2
