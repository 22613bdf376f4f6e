#!/usr/bin/env python3
"""`ingest` and `index` against a broker that speaks TLS only to those it knows: the options that are passed through.

A broker of its own with certificates of its own; the keys are made here, by openssl, and thrown away."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from harness import *

CTL = os.path.join(ROOT, "deploy", "kafka-local")
GOLDEN = os.path.join(RECORDINGS, "golden")
DIR = tempfile.mkdtemp(prefix="bttc-tls.", dir="/tmp")  # the broker outlives run()
PASSWORD = "correct horse"


def sh(*args):
    r = subprocess.run(args, capture_output=True, text=True, timeout=120, cwd=DIR)
    assert r.returncode == 0, f"{args}: {r.stderr}"
    return r.stdout.strip()


def authority(name):
    sh("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days",
       "2", "-subj", f"/CN={name}")


def certificate(name, ca, san=None):
    """NAME.key, NAME.pem, and NAME.store: both in one file, as a broker takes it."""
    sh("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
    with open(os.path.join(DIR, "ext"), "w") as f:
        f.write(f"subjectAltName={san}\n" if san else "basicConstraints=CA:FALSE\n")
    sh("openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", "2",
       "-extfile", "ext", "-out", f"{name}.pem")
    sh("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", f"{name}.key", "-out", f"{name}.pk8")
    with open(os.path.join(DIR, f"{name}.store"), "w") as out:
        for part in (f"{name}.pk8", f"{name}.pem"):
            with open(os.path.join(DIR, part)) as f:
                out.write(f.read())


def at(name):
    return os.path.join(DIR, name)


class Broker:
    """PLAINTEXT for the broker itself, SSL with client certificates, PASS with passwords."""

    def __init__(self):
        self.data = at("broker")
        sh(CTL, "start", "--data", self.data)  # takes its ports
        sh(CTL, "stop", "--data", self.data)
        with open(os.path.join(self.data, "port")) as p, open(os.path.join(self.data, "controller-port")) as c:
            plain, controller = p.read().strip(), c.read().strip()
        self.ssl, self.sasl = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        public = f"PLAINTEXT://127.0.0.1:{plain},SSL://{self.ssl},PASS://{self.sasl}"
        settings = {
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,PASS:SASL_SSL",
            "listeners": f"{public},CONTROLLER://127.0.0.1:{controller}", "advertised.listeners": public,
            "ssl.keystore.type": "PEM", "ssl.keystore.location": at("broker.store"),
            "ssl.truststore.type": "PEM", "ssl.truststore.location": at("ca.pem"),
            "listener.name.ssl.ssl.client.auth": "required", "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.pass.plain.sasl.jaas.config":
                f'org.apache.kafka.common.security.plain.PlainLoginModule required user_bttc="{PASSWORD}";'}
        sh(CTL, "start", "--data", self.data, *[x for k, v in settings.items() for x in ("--set", f"{k}={v}")])

    def close(self):
        subprocess.run([CTL, "kill", "--data", self.data], timeout=60)
        shutil.rmtree(DIR)


def options(broker, prefix, **settings):
    """The options in a file, as the documentation has it."""
    path = at(f"{prefix}.conf")
    with open(path, "w") as f:
        f.write(f"brokers = {broker}\ntopic-prefix = {prefix}\n")
        for k, v in settings.items():
            f.write(f"kafka-set = {k.replace('_', '.')}={v}\n")
    return "--config", path


def ingest(opts, rpc, *more):
    return Proc("ingest", "--network", "golden", "--chain", "root", "--rpc", rpc, *opts, *more)


def whole_way(opts):
    """Part of the recording through Kafka gives the tables that it gives without."""
    dsn, other = new_database(), new_database()
    with replay(GOLDEN, args=["--head", "600"]) as r:
        index_all("golden", other, "--rpc", f"root={r.url('root')}")
        p = ingest(opts, f"root={r.url('root')}", "--until-head")
        assert p.wait() == 0, p.text()
    p = Proc("index", "--network", "golden", "--database", dsn, *opts, "--until-head")
    assert p.wait() == 0, p.text()
    assert_same_tables(tables(dsn), tables(other), "over TLS")
    assert PASSWORD not in p.text()


def fails(opts, *words):
    """Both end with 1 and say why; no password in what they say."""
    with replay(GOLDEN) as r:
        for p in (ingest(opts, f"root={r.url('root')}"),
                  Proc("index", "--network", "golden", "--database", new_database(), *opts)):
            rc, text = p.wait(), p.text()
            assert rc == 1, f"{rc}\n{text}"
            last = text.strip().splitlines()[-1]
            for w in words:
                assert w in last, f"{w!r} is not in {last!r}\n{text}"
            assert PASSWORD not in text and "hunter2" not in text, text


authority("ca")
authority("other")
certificate("broker", "ca", "IP:127.0.0.1")
certificate("client", "ca")
B = Broker()
CLIENT = {"ssl_certificate_location": at("client.pem"), "ssl_key_location": at("client.key")}


def test_whole_way_with_client_certificates():
    whole_way(options(B.ssl, "tls", security_protocol="SSL", ssl_ca_location=at("ca.pem"), **CLIENT))


def test_whole_way_with_passwords():
    whole_way(options(B.sasl, "sasl", security_protocol="SASL_SSL", ssl_ca_location=at("ca.pem"), sasl_mechanism="PLAIN",
                      sasl_username="bttc", sasl_password=PASSWORD))


def test_wrong_authority():
    """The broker's certificate is not signed by the one we were told to trust."""
    fails(options(B.ssl, "wrong", security_protocol="SSL", ssl_ca_location=at("other.pem"), **CLIENT),
          B.ssl, "certificate", "ssl.ca.location")


def test_wrong_password():
    fails(options(B.sasl, "pass", security_protocol="SASL_SSL", ssl_ca_location=at("ca.pem"), sasl_mechanism="PLAIN",
                  sasl_username="bttc", sasl_password="hunter2"), B.sasl, "uthentication failed")


def test_unreadable_file():
    fails(options(B.ssl, "nofile", security_protocol="SSL", ssl_ca_location=at("nowhere.pem")), "ssl.ca.location")


try:
    run(globals())
finally:
    B.close()
