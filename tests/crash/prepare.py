"""In a process of its own: make a study and ring for its cases. `prepare CASES SYNTHETIC [--deaf-broker]`."""

import sys

import django


def main(cases: int, synthetic: int, *, deaf_broker: bool) -> None:
    from celery import current_app
    from django.core.management import call_command

    from readerstudy.domain.case_sets import start_generation
    from tests import factories

    if deaf_broker:
        current_app.conf.broker_url = "memory://"
    call_command("migrate", verbosity=0)
    dataset = factories.make_dataset()
    room = {"shape": (150, 150, 60), "organ_radius_mm": 55, "tumor_mm": 15}  # slow enough to be killed at work
    for n in range(cases):
        factories.make_scan(dataset, origin="healthy" if n < synthetic else "real", **room)
    organ = factories.organ_data(real=cases - synthetic, synthetic={"hand-crafted": synthetic})
    start_generation(study=factories.make_draft(organs=[organ]), actor="crash")


if __name__ == "__main__":
    django.setup()
    main(int(sys.argv[1]), int(sys.argv[2]), deaf_broker="--deaf-broker" in sys.argv)
