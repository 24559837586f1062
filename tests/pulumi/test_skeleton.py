MAIN = '''
from isthmus.provision.deployment import deploy

deploy()
'''
def test_up(project, stand_in, tmp_path):
    import sys
    p = project(app="isthmus.handlers.app:app", cloud="azure", region="westeurope", application="11111111-0000-0000-0000-000000000000", packages="/tmp/scratch-pulumi/dist", budget={"amount": 500, "since": "2027-01-01", "alert": ["a@example.com"]}).write(MAIN).configure()
    import time
    for f in (p.preview, p.up, p.up, p.refresh, p.destroy):
        b=time.monotonic(); d=f(); print(f.__name__, d.status, d.changes, time.monotonic()-b)
        print(d.said[-6000:] if d.status else d.said[-1200:])
        assert d.succeeded
