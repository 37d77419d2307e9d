"""curl, wget, nslookup and the others, as people see them in containers and on machines."""

from __future__ import annotations

import pytest

from tests.network.stage import Town, lone, service


@pytest.fixture(scope="module")
def town() -> Town:
    town = Town()
    town.put("Pod", lone("redis", "redis"))
    town.settle()
    return town


def test_curl_prints_the_page_and_codes(town: Town) -> None:
    assert "Welcome to nginx!" in town.run("curl -s http://web")[1]
    assert town.run("curl -s -o /dev/null -w '%{http_code}' web/none")[1] == "404"
    assert town.run("curl -sf web/none")[0] == 22


def test_curl_fails_as_curl_does(town: Town) -> None:
    code, _, err = town.run("curl nothere")
    assert (code, err) == (6, "curl: (6) Could not resolve host: nothere\n")
    code, _, err = town.run("curl -m 2 web:81")
    assert (code, err) == (28, "curl: (28) Connection timed out after 2001 milliseconds\n")
    assert town.run("curl -s localhost")[0] == 7
    assert town.run("curl -s https://kubernetes/healthz")[0] == 60
    assert town.run("curl -sk https://kubernetes/healthz")[1] == "ok"


def test_curl_tells_more_when_asked(town: Town) -> None:
    _, out, err = town.run("curl -v -I web")
    assert "> HEAD / HTTP/1.1" in err and "< HTTP/1.1 200 OK" in err
    assert out.startswith("HTTP/1.1 200 OK\r\nServer: nginx/")


def test_curl_tells_how_it_failed_to_connect(town: Town) -> None:
    address = town.address("tool")
    refused = town.run(f"curl -v http://{address}:99")
    assert refused[0] == 7 and f"*   Trying {address}:99...\n* connect to {address} port 99 from {address} port " in refused[2]
    assert "failed: Connection refused\n* Failed to connect to " in refused[2] and "* closing connection #0\n" in refused[2]
    assert "* Could not resolve host: nothere\n* closing connection #0\ncurl: (6)" in town.run("curl -v http://nothere")[2]
    late = town.run("curl -v -m 2 http://web:81")[2]
    assert f"*   Trying {town.ask('web').address}:81...\n* Connection timed out after 2001 milliseconds\n" in late


def test_answers_have_a_date(town: Town) -> None:
    assert "\nDate: Thu, 01 Jan 2026 00:0" in town.run("curl -sI http://web")[1].replace("\r", "")
    assert "Connection: keep-alive" in town.run("curl -sI http://web")[1]


def test_a_health_check_weighs_the_nodes_endpoints(town: Town) -> None:
    town.put("Service", {**service("web"), "metadata": {"name": "weighed", "namespace": "default"}})
    found = town.api.get("Service", "default", "weighed")
    assert found is not None
    town.api.update("Service", {**found, "spec": {**found["spec"], "type": "LoadBalancer", "externalTrafficPolicy": "Local"}})
    town.settle()
    found = town.api.get("Service", "default", "weighed")
    assert found is not None
    shown = town.run(f"curl -si http://172.18.0.3:{found['spec']['healthCheckNodePort']}")[1]
    assert "X-Load-Balancing-Endpoint-Weight: 1" in shown and '\t"localEndpoints": 1,\n' in shown
    town.api.delete("Service", "default", "weighed")


def test_a_pod_shows_who_listens(town: Town) -> None:
    second = {"name": "cache", "image": "redis"}
    both = lone("both", "nginx")
    both["spec"]["containers"].append(second)
    town.put("Pod", both)
    town.settle()
    shown = town.run("netstat -tlnp", "both")[1].splitlines()[2:]
    assert [line.split()[3] for line in shown] == ["0.0.0.0:80", "0.0.0.0:6379"] and shown[0].endswith("1/nginx")
    assert "LISTEN" in town.run("ss -tln | grep :80", "both")[1]
    assert town.run("netstat -uln", "both")[1].count("\n") == 2
    assert "0.0.0.0" not in town.run("netstat -tln")[1], "a pod that only sleeps"


def test_wget_saves_and_fails_as_busybox_does(town: Town) -> None:
    assert "Welcome" in town.run("wget -qO- http://web")[1]
    assert "Welcome" in town.run("wget -q web && cat index.html")[1]
    assert town.run("wget -qO- nothere") == (1, "", "wget: bad address 'nothere'\n")
    assert town.run("wget -q -T 2 -O- web:81")[2] == "wget: download timed out\n"
    assert "server returned error: HTTP/1.1 404 Not Found" in town.run("wget -qO- web/none")[2]


def test_nslookup_and_dig_answer(town: Town) -> None:
    address = town.ask("web").address
    assert town.run("nslookup web") == (
        0,
        f"Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\nName:\tweb.default.svc.cluster.local\nAddress: {address}\n\n",
        "",
    )
    assert "** server can't find nothere: NXDOMAIN" in town.run("nslookup nothere")[1]
    assert town.run("dig +short web.default.svc.cluster.local")[1] == f"{address}\n"
    assert "kubernetes.default.svc.cluster.local." in town.run("nslookup 10.96.0.1")[1]


def test_dig_writes_columns_and_sections(town: Town) -> None:
    address = town.ask("web").address
    shown = town.run("dig web.default.svc.cluster.local")[1]
    assert ";web.default.svc.cluster.local.\tIN\tA\n" in shown
    assert f"web.default.svc.cluster.local. 30 IN\tA\t{address}\n" in shown
    assert ";; flags: qr aa rd; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1\n;; WARNING: recursion requested but not available\n" in shown
    nothing = town.run("dig none.default.svc.cluster.local")[1]
    assert "status: NXDOMAIN" in nothing and "AUTHORITY: 1" in nothing
    assert "cluster.local.\t\t30\tIN\tSOA\tns.dns.cluster.local. hostmaster.cluster.local. " in nothing
    assert town.run("dig +noall +answer -t A web.default.svc.cluster.local")[1] == f"web.default.svc.cluster.local. 30 IN\tA\t{address}\n"
    assert "SECTION" not in town.run("dig +nocomments web.default.svc.cluster.local")[1]
    assert town.run("dig -x 10.96.0.1 +short")[1] == "kubernetes.default.svc.cluster.local.\n"


def test_host_and_getent_tell_names_in_full(town: Town) -> None:
    address = town.ask("web").address
    assert town.run("host 10.96.0.1")[1] == "1.0.96.10.in-addr.arpa domain name pointer kubernetes.default.svc.cluster.local.\n"
    assert town.run("getent hosts web")[1] == f"{address:<15} web.default.svc.cluster.local\n"
    assert "Non-authoritative answer:\nName:\texample.com" in town.run("nslookup example.com")[1]


def test_a_question_that_is_rejected_on_its_way_says_so() -> None:
    town = Town(nodes=1)
    found = town.api.get("Deployment", "kube-system", "coredns")
    assert found is not None
    town.api.update("Deployment", {**found, "spec": {**found["spec"], "replicas": 0}})
    town.settle()
    assert ";; communications error to 10.96.0.10#53: connection refused\n" in town.run("dig web")[1]
    assert town.run("nslookup web")[1].startswith(";; connection timed out; no servers could be reached")


def test_a_pod_with_a_subdomain_knows_its_name_in_full(town: Town) -> None:
    town.put("Pod", lone("named", hostname="alpha", subdomain="sub"))
    town.settle()
    assert town.run("hostname -f; hostname; hostname -d", "named")[1] == "alpha.sub.default.svc.cluster.local\nalpha\nsub.default.svc.cluster.local\n"
    assert "fe00::2\tip6-allrouters\n" in town.run("cat /etc/hosts", "named")[1]
    assert town.run("hostname -f", "tool")[1] == "tool\n"


def test_nc_looks_at_ports(town: Town) -> None:
    code, _, err = town.run("nc -zv web 80")
    assert code == 0 and err.endswith(":80) open\n")
    assert town.run(f"nc -zv {town.address('redis')} 81")[0] == 1
    assert town.run(f"echo PING | nc {town.address('redis')} 6379")[1] == "+PONG\r\n"
    assert town.run(f"redis-cli -h {town.address('redis')} ping")[1] == "PONG\n"


def test_pods_answer_pings_and_services_do_not(town: Town) -> None:
    assert "0% packet loss" in town.run(f"ping -c 1 {town.address('redis')}")[1]
    assert "100% packet loss" in town.run("ping -c 1 web")[1]


def test_machines_have_the_same_tools(town: Town) -> None:
    argv = ["curl", "-sk", "https://172.18.0.2:6443/livez"]
    assert town.cluster.command("machine-run", {"node": "node-1", "argv": argv})["out"] == "ok"
    argv = ["iptables", "-t", "nat", "-S", "KUBE-SERVICES"]
    assert "default/web" in town.cluster.command("machine-run", {"node": "node-1", "argv": argv})["out"]


def test_containers_find_their_resolver_and_hosts(town: Town) -> None:
    assert town.run("cat /etc/resolv.conf")[1] == (
        "search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n"
    )
    config = {"nameservers": ["1.1.1.1"], "searches": ["shop.svc.cluster.local"], "options": [{"name": "ndots", "value": "2"}]}
    aliases = [{"ip": town.ask("web").address, "hostnames": ["alias.test"]}]
    town.put("Pod", lone("own", dnsPolicy="None", dnsConfig=config, hostAliases=aliases))
    town.settle()
    assert town.run("cat /etc/resolv.conf", "own")[1] == "search shop.svc.cluster.local\nnameserver 1.1.1.1\noptions ndots:2\n"
    assert "alias.test" in town.run("cat /etc/hosts", "own")[1]
    assert town.run("curl -s -o /dev/null -w '%{http_code}' http://alias.test", "own")[1] == "200"
    assert town.run("curl web", "own")[0] == 6


def test_a_pod_shows_its_address_and_the_way_out(town: Town) -> None:
    address = town.address("tool")
    assert f"inet {address}/24" in town.run("ip a")[1]
    assert f"inet {address}/24" in town.run("ip -4 addr show dev eth0")[1]
    assert "127.0.0.1" not in town.run("ip addr show eth0")[1]
    gateway = address.rpartition(".")[0] + ".1"
    assert town.run("ip route")[1].startswith(f"default via {gateway} dev eth0")
    assert f"inet addr:{address} " in town.run("ifconfig eth0")[1]
    assert town.run("ip addr show eth7") == (1, "", 'Device "eth7" does not exist.\n')


def test_databases_tell_clients_whether_they_are_up(town: Town) -> None:
    town.put("Pod", lone("db", "postgres:16", container={"env": [{"name": "POSTGRES_PASSWORD", "value": "x"}]}))
    town.put("Service", service("db", port=5432, target=5432))
    town.settle()
    assert town.run("pg_isready -h db") == (0, "db:5432 - accepting connections\n", "")
    assert town.run("pg_isready -h web") == (2, "web:5432 - no response\n", "")
    assert town.run("pg_isready", "db") == (0, "/var/run/postgresql:5432 - accepting connections\n", "")
    code, _, err = town.run("mysqladmin ping -h db")
    assert code == 1 and "Can't connect to MySQL server on 'db:3306'" in err


def test_clients_of_databases_connect_or_say_why_not(town: Town) -> None:
    for name, image, port, variable in (("pg", "postgres:16", 5432, "POSTGRES_PASSWORD"), ("my", "mysql:8", 3306, "MYSQL_ROOT_PASSWORD")):
        town.put("Pod", lone(name, image, container={"env": [{"name": variable, "value": "x"}]}))
        town.put("Service", service(name, port=port, target=port))
    town.settle()
    town.cluster.advance(10)
    assert town.run("psql -h pg -U postgres -c 'select 1'") == (0, " ?column? \n----------\n        1\n(1 row)\n\n", "")
    assert town.run("psql postgresql://u:p@pg:5432/db -tAc 'select 7'")[:2] == (0, "7\n")
    assert town.run("mysql -h my -uroot -px -e 'select 1; select 2 as two'") == (0, "1\n1\ntwo\n2\n", "")
    assert town.run("psql -h nothere -c 'select 1'")[2] == 'psql: error: could not translate host name "nothere" to address: Name or service not known\n'
    assert "port 5432 failed: Connection refused" in town.run(f"psql -h {town.address('tool')} -c 'select 1'")[2]
    assert town.run("mysql -h nothere -e 'select 1'") == (1, "", "ERROR 2005 (HY000): Unknown MySQL server host 'nothere' (-2)\n")
    assert "(111)" in town.run(f"mysql -h {town.address('tool')} -e 'select 1'")[2]
    assert "through socket" in town.run("mysql -e 'select 1'")[2]
    assert town.run("mysql -h my -e 'create table t (id int)'")[0] == 0, "what sets a database up goes on"
    assert town.run("psql -h pg -c 'create table t (id int)'")[1] == "CREATE TABLE\n"
    assert town.run("mysql -h my -e 'select * from t'")[0] == 1, "nobody knows the rows"
    assert town.run("psql -h pg -c 'select * from t'")[0] == 1
