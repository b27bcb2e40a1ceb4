"""Tests against quecloud-sim with pytest and the standard library.

QUECLOUD_SIM names the program, which `go install github.com/quecloud/quecloud-go/cmd/quecloud-sim@latest` makes.
"""

import hashlib
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

UNSIGNED = {"sign", "alarmParam", "alarmStatus", "pauseStatus"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Simulator:
    """A simulator in a process of its own, with its control."""

    def __init__(self):
        program = os.environ.get("QUECLOUD_SIM", "quecloud-sim")
        platform, control = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self.url, self.control_url = f"http://{platform}/openapi/router", f"http://{control}"
        self.process = subprocess.Popen([program, "-addr", platform, "-control", control], stdout=subprocess.DEVNULL)
        subprocess.run([program, "ready", "-control", control, "-wait", "10s"], check=True)

    def close(self):
        self.process.terminate()
        self.process.wait()

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.control_url + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request) as response:
            return json.load(response)


def call(url, method, **params):
    """Calls the platform. A real client would take its credentials from its configuration."""
    params |= {"appKey": "000001", "method": f"fc.function.{method}", "t": str(int(time.time()))}
    text = "".join(name + params[name] for name in sorted(params) if name not in UNSIGNED)
    secret = "quecloudtest-secret"
    params["sign"] = hashlib.sha1((secret + text + secret).encode()).hexdigest().upper()
    with urllib.request.urlopen(url, urllib.parse.urlencode(params).encode()) as response:
        return json.load(response)


@pytest.fixture(scope="session")
def simulator():
    started = Simulator()
    yield started
    started.close()


@pytest.fixture(autouse=True)
def clean(simulator):
    simulator.control("POST", "/reset")


def test_suspends_a_card(simulator):
    assert call(simulator.url, "card.pause", msisdn="1064800000000")["resultCode"] == 0
    assert simulator.control("GET", "/cards/1064800000000")["status"] == "停机"
    requests = simulator.control("GET", "/requests?method=card.pause&card=1064800000000&wait=5s")
    assert [request["resultCode"] for request in requests] == [0]


def test_starts_from_a_scenario(simulator):
    simulator.control("POST", "/scenario", {
        "cards": [{"msisdn": "1064800000000", "status": "停机", "pauseReason": "主动停机"}],
        "wallet": {"balance": "1.00"},
    })
    assert call(simulator.url, "card.info", msisdn="1064800000000")["status"] == "停机"
    refused = call(simulator.url, "card.recharge", iccid="89860024310000000006", productId="50",
                   productName="30M-当月", externalId="order-1")
    assert refused["resultCode"] != 0, "the wallet has too little money"


def test_meets_a_fault(simulator):
    simulator.control("POST", "/faults", {"fault": "status=503,on=card.info,times=1"})
    with pytest.raises(urllib.error.HTTPError):
        call(simulator.url, "card.info", msisdn="1064800000000")
    assert call(simulator.url, "card.info", msisdn="1064800000000")["resultCode"] == 0
