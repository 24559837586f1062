MAIN = '''
from isthmus.provision.deployment import deploy

deploy()
'''
APP = "isthmus.handlers.app:app"


def test_up(project, stand_in, tmp_path):
    import time

    from google_packages import write_packages

    folder = write_packages(APP, tmp_path / "dist")
    p = project(
        app=APP,
        cloud="google",
        region="europe-west1",
        sizes={"connectionsPerInstance": 16},
        packages=str(folder),
        existing={"project": "desk-dev"},
        budget={"amount": 500, "since": "2027-01-01", "alert": ["a@example.com"], "billingAccount": "000000-AAAAAA-000000"},
    )
    p = p.write(MAIN).configure()
    for f in (p.preview, p.up, p.up, p.refresh, p.destroy):
        b = time.monotonic()
        d = f()
        print(f.__name__, d.status, d.changes, time.monotonic() - b)
        print(d.said[-9000:] if d.status else d.said[-3000:])
        assert d.succeeded
