"""One tick's deliveries to the stand-in for Slack, as a process of its own that can be killed.

python slack_poller.py ROOT URL NOW
"""

import sys
from pathlib import Path

from nmma_fitter.delivery.slack.courier import couriers
from nmma_fitter.delivery.slack.settings import TOKEN as VARIABLE
from nmma_fitter.delivery.slack.settings import SlackSettings
from nmma_fitter.engine.budget import never
from nmma_fitter.engine.ledger import Ledger
from nmma_fitter.engine.outbox import send

sys.path.insert(0, str(Path(__file__).parent))

from slack_server import CHANNEL, TOKEN

root, now = Path(sys.argv[1]), float(sys.argv[3])
settings = SlackSettings(channels=(CHANNEL,), base_url=sys.argv[2])
with Ledger(root / "state" / "ledger.sqlite") as ledger:
    everyone = couriers(settings, root / "outdir", {VARIABLE: TOKEN})
    for note in send(ledger, everyone, lambda: now, never):
        print(note)
