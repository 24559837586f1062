import time
import pytest

MAIN = """
from isthmus.provision.deployment import deploy

deploy()
"""
AZ = dict(
    cloud="azure",
    region="westeurope",
    application="11111111-0000-0000-0000-000000000000",
    packages="/tmp/scratch-pulumi/dist",
)
GC = dict(cloud="google", region="europe-west1", existing={"project": "desk"}, packages="/tmp/scratch-pulumi/distg")


def test_bad(project, stand_in):
    p = project(app="isthmus.handlers.app:app", sizes={"instancesMax": 500}, **AZ).write(MAIN).configure()
    print(p.preview().said)
    p = project(app="isthmus.handlers.app:app", sizos={"instancesMax": 500}, **AZ).write(MAIN).configure("x")
    print(p.preview().said)


@pytest.mark.parametrize("c", [AZ, GC], ids=["azure", "google"])
def test_up(project, stand_in, c):
    p = (
        project(
            app="isthmus.handlers.app:app",
            budget={"amount": 500, "since": "2027-01-01", "alert": ["a@example.com"], "billingAccount": "01"},
            **c,
        )
        .write(MAIN)
        .configure()
    )
    for f in (p.preview, p.up, p.up, p.refresh, p.destroy):
        b = time.monotonic()
        d = f()
        print(f.__name__, d.status, d.changes, time.monotonic() - b)
        if d.status:
            print(d.said[-6000:])
        assert d.succeeded
