"""The ASGI application: guard, then the Kubernetes API, then Django's pages and REST, and the websockets."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "playground.settings")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler  # noqa: E402

from playground.classroom.routing import websocket_urlpatterns as course_urlpatterns  # noqa: E402
from playground.clusters import engine  # noqa: E402
from playground.guard import Guard  # noqa: E402
from playground.kubeapi.app import KubeApi  # noqa: E402
from playground.live.routing import websocket_urlpatterns  # noqa: E402
from playground.terminal.routing import websocket_urlpatterns as terminal_urlpatterns  # noqa: E402

websockets = [*websocket_urlpatterns, *terminal_urlpatterns, *course_urlpatterns]
pages_and_sockets = ProtocolTypeRouter(
    {"http": ASGIStaticFilesHandler(django_application), "websocket": URLRouter(websockets)}
)
application = Guard(KubeApi(pages_and_sockets, engine))
