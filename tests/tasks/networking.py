"""Services, names, policies and ways in: found broken, and mended."""

from __future__ import annotations

from tests.tasks.controlplane import DEPLOYMENT, sees
from tests.tasks.scene import Scene, Task

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: %s}, ports: [{port: 80, targetPort: %s}]}
"""
CLIENT = """
apiVersion: v1
kind: Pod
metadata: {name: client, labels: {app: client}}
spec: {containers: [{name: c, image: curlimages/curl, command: [sleep, infinity]}]}
"""
DENY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""


def web(scene: Scene) -> bool:
    return scene.reaches("http://web", "client")


def both(selector: str = "web", port: str = "80") -> str:
    return "---".join((DEPLOYMENT, SERVICE % (selector, port), CLIENT))


TASKS = [
    Task("a service's selector is wrong", objects=both("wep"), typed=["kubectl get endpoints web", "kubectl get pods --show-labels", """kubectl patch service web -p '{"spec":{"selector":{"app":"web"}}}'"""], done=web),
    Task("a service's target port is wrong", objects=both(port="8080"), typed=["kubectl describe service web", """kubectl patch service web --type=json -p '[{"op":"replace","path":"/spec/ports/0/targetPort","value":80}]'"""], done=web),
    Task(
        "which of the services has no endpoints",
        objects="---".join((both(), (SERVICE % ("nobody", "80")).replace("name: web", "name: lost"))),
        typed=["kubectl get endpointslices", "kubectl describe service lost | grep Endpoints"],
        done=sees("lost"),
    ),
    Task("names do not resolve: CoreDNS was scaled to nothing", objects=both(), given=["kubectl scale deployment coredns -n kube-system --replicas=0"], typed=["kubectl get deployment coredns -n kube-system", "kubectl scale deployment coredns -n kube-system --replicas=2"], done=web),
    Task(
        "names do not resolve: CoreDNS' configuration is broken",
        objects=both(),
        given=["kubectl get cm coredns -n kube-system -o yaml | sed s/cluster.local/cluster.lokal/ > /tmp/c.yaml && kubectl replace -f /tmp/c.yaml", "kubectl rollout restart deployment coredns -n kube-system"],
        typed=["kubectl get cm coredns -n kube-system -o yaml", "kubectl get cm coredns -n kube-system -o yaml | sed s/cluster.lokal/cluster.local/ > /tmp/c.yaml && kubectl replace -f /tmp/c.yaml", "kubectl rollout restart deployment coredns -n kube-system"],
        done=web,
    ),
    Task("names do not resolve: the service of the name server selects nothing", objects=both(), given=["""kubectl patch service kube-dns -n kube-system -p '{"spec":{"selector":{"k8s-app":"dns"}}}'"""], typed=["kubectl get endpoints -n kube-system", """kubectl patch service kube-dns -n kube-system -p '{"spec":{"selector":{"k8s-app":"kube-dns"}}}'"""], done=web),
    Task(
        "a policy lets nobody in",
        objects="---".join((both(), DENY)),
        typed=["kubectl get networkpolicy", "cat > /root/allow.yaml <<EOF\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: allow\nspec:\n  podSelector: {matchLabels: {app: web}}\n  ingress:\n  - from:\n    - podSelector: {matchLabels: {app: client}}\nEOF", "kubectl apply -f /root/allow.yaml"],
        done=web,
    ),
    Task(
        "only the client may reach the web",
        objects=both() + "---" + CLIENT.replace("client", "stranger"),
        typed=["kubectl apply -f - <<EOF\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: only\nspec:\n  podSelector: {matchLabels: {app: web}}\n  ingress:\n  - from:\n    - podSelector: {matchLabels: {app: client}}\nEOF"],
        done=lambda scene: web(scene) and not scene.reaches("http://web", "stranger"),
    ),
    Task("a deployment gets a service", objects="---".join((DEPLOYMENT, CLIENT)), typed=["kubectl expose deployment web --port=80", "kubectl get service web"], done=web),
    Task("a service is reached from outside by a node's port", objects=both(), typed=["""kubectl patch service web -p '{"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":30080}]}}'""", "curl -s node-1:30080"], done=lambda scene: scene.get("Service", "web")["spec"]["type"] == "NodePort" and "nginx" in scene.seen.lower()),
    Task("the rules of a service on a node", objects=both(), typed=["ssh node-1", "iptables-save | grep default/web"], done=sees("KUBE-SVC-", "default/web")),
    Task("a host name leads to a service", objects=both(), typed=["kubectl create ingress web --class=nginx --rule=shop.example.com/*=web:80"], done=lambda scene: scene.get("Ingress", "web").get("spec", {}).get("rules", [{}])[0].get("host") == "shop.example.com"),
    Task("an address for a name", objects=both(), typed=["kubectl exec client -- nslookup web.default.svc.cluster.local"], done=lambda scene: scene.get("Service", "web")["spec"]["clusterIP"] in scene.seen),
]
