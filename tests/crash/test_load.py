"""Several readers at once, unlucky ones, while servers and workers are killed: every answer is stored exactly once."""

import pytest

from benchmarks.load import Load, run_load

pytestmark = [pytest.mark.crash, pytest.mark.database]


def test_every_answer_is_stored_once_while_processes_are_killed(site, tmp_path):
    load = Load(readers=5, cases=18, think_s=0.1, kill_server_s=2, kill_worker_packs=10)

    outcome = run_load(site, load, tmp_path)

    assert outcome.lost == []
    assert len(outcome.check["readings"]) == outcome.check["asked"] == 5 * 20
    assert outcome.check["packs"] == {"succeeded": 2 * 20}
    assert outcome.luck.keys() >= {"twice", "lost", "two windows"}
    assert min(outcome.kills["server"], outcome.kills["worker"]) >= 1
