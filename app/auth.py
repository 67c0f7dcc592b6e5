"""Who asks, and what they may do: bearer tokens for programs, a signed session cookie for browsers."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Request, Response, Security
from fastapi.responses import RedirectResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.errors import ForbiddenError, UnauthorizedError
from app.links import link
from app.store import Store
from app.store.facts import Scope, Token

ALLOWED: Mapping[Scope, frozenset[Scope]] = {
    "report": frozenset({"report"}),
    "read": frozenset({"read"}),
    "operate": frozenset({"report", "read", "operate"}),
}
"""What each token scope allows; ``report`` is write-only, so that a job's token shows nothing."""

SESSION_SECONDS = 14 * 86_400
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_SUBJECT = 200
WHO_ASKS = "Send a valid token: Authorization: Bearer TOKEN."
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        user: whose runs they see and act on.
        scope: what they may do.
        session: id of the browser session, ``None`` with a bearer token.
    """

    user: str
    scope: Scope
    session: str | None = None


def new_token() -> str:
    """Return a fresh secret token; only its hash is ever stored."""
    return "cutloss_" + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return the SHA-256 by which a token is known.

    Looking tokens up by hash leaks nothing through timing: an attacker cannot steer the hash of a guess.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def token_name(hashed: str) -> str:
    """Return the short name by which a person tells tokens apart; it opens nothing."""
    return hashed[:12]


class Sessions:
    """Browser sessions: a signed cookie, nothing stored on the server but the secret.

    Args:
        secret: signs cookies and CSRF tokens; kept with mode 0600 in the state directory.
        login_token: the token of the printed link, valid while this process lives; ``None``: no such link.
        user: whose session the link opens.
    """

    def __init__(self, secret: str, login_token: str | None, user: str) -> None:
        self._secret = secret
        self._login_hash = token_hash(login_token) if login_token else None
        self._user = user
        self._serializer = URLSafeTimedSerializer(secret, salt="cutloss-session")
        # Cookies are shared between the ports of a host: on a login node each service needs its own name.
        self.cookie = "cutloss_" + token_hash(secret)[:8]

    def open(self, token: str, store: Store) -> str | None:
        """Return the cookie value of a new session, ``None`` where the token opens none."""
        hashed = token_hash(token)
        if self._login_hash is not None and hmac.compare_digest(hashed, self._login_hash):
            return self._signed(self._user, "operate", None)
        stored = store.token(hashed)
        if stored is None or "read" not in ALLOWED[stored.scope]:
            return None
        return self._signed(stored.user, stored.scope, hashed)

    def caller(self, cookie: str, store: Store) -> Caller | None:
        """Return whose session a cookie is, ``None`` where it is forged, too old or its token was revoked."""
        try:
            data = self._serializer.loads(cookie, max_age=SESSION_SECONDS)
        except BadSignature:
            return None
        if data["token"] is not None and store.token(data["token"]) is None:
            return None
        return Caller(data["user"], data["scope"], data["id"])

    def csrf(self, session: str) -> str:
        """Return the token that every form of a session carries."""
        return hmac.new(self._secret.encode(), f"csrf:{session}".encode(), "sha256").hexdigest()

    def _signed(self, user: str, scope: Scope, hashed: str | None) -> str:
        data = {"id": secrets.token_urlsafe(16), "user": user, "scope": scope, "token": hashed}
        value = self._serializer.dumps(data)
        return value.decode() if isinstance(value, bytes) else value


_bearer = HTTPBearer(auto_error=False, description="A token of `cutlossd token create`")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


def require(scope: Scope) -> Callable[..., Caller]:
    """Return the dependency that lets a call through whose token has a scope.

    A browser session counts as well: for reading, and for acting with the header ``X-CSRF-Token``.
    """

    def dependency(request: Request, credentials: Bearer) -> Caller:
        caller = _by_token(request, credentials.credentials) if credentials else _by_session(request)
        if caller is None:
            raise UnauthorizedError(WHO_ASKS)
        if caller.session and request.method not in SAFE_METHODS:
            _verify_csrf(request, caller, request.headers.get(CSRF_HEADER, ""))
        if scope not in ALLOWED[caller.scope]:
            refusal = ForbiddenError(
                f"A token of scope {caller.scope!r} may not do this; it takes {scope!r}."
            )
            if scope == "operate":  # a reporter with the wrong token tries again every few seconds
                _keep(request, caller, refusal)
            raise refusal
        return caller

    return dependency


def is_known(scope: MutableMapping[str, Any]) -> bool:
    """Tell whether a request carries a valid token or the cookie of a session, whatever that may do."""
    request = Request(scope)
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return _by_token(request, token) is not None
    return _by_session(request) is not None


def page_user(request: Request) -> Caller:
    """Return whose browser session this is: the dependency of every page.

    Raises:
        UnauthorizedError: there is none.
    """
    caller = _by_session(request)
    if caller is None:
        raise UnauthorizedError("Open the link that `cutlossd serve` printed; it signs this browser in.")
    return caller


def csrf_token(request: Request) -> str:
    """Return the token for the forms of this browser session; the field is named ``csrf_token``."""
    caller = page_user(request)
    return _sessions(request).csrf(caller.session or "")


async def check_csrf(request: Request) -> None:
    """Refuse a form without the token of its session: the dependency of every form.

    Raises:
        ForbiddenError: the token is missing, or of another session.
    """
    form = await request.form()
    token = form.get(CSRF_FIELD) or request.headers.get(CSRF_HEADER, "")
    _verify_csrf(request, page_user(request), str(token))


def page_operator(
    request: Request,
    caller: Annotated[Caller, Depends(page_user)],
    _: Annotated[None, Depends(check_csrf)],
) -> Caller:
    """Return whose session this is where it may act: the dependency of every form that changes something.

    Raises:
        ForbiddenError: the session may only read, or its form carries no token.
    """
    if "operate" not in ALLOWED[caller.scope]:
        refusal = ForbiddenError("This session may only read.")
        _keep(request, caller, refusal)
        raise refusal
    return caller


def log_in(request: Request, token: str) -> Response:
    """Return the redirect that opens a browser session and takes the token off the address bar.

    Raises:
        UnauthorizedError: the token opens no session.
    """
    cookie = _sessions(request).open(token, request.app.state.store)
    if cookie is None:
        raise UnauthorizedError("This link is no longer valid; open the one `cutlossd serve` printed last.")
    response = RedirectResponse(link(request, request.url.path), status_code=303)
    response.set_cookie(
        _sessions(request).cookie, cookie, max_age=SESSION_SECONDS, path=link(request, "/"), httponly=True,
        samesite="strict", secure=request.url.scheme == "https",
    )  # fmt: skip
    return response


def issue(store: Store, user: str, scope: Literal["report", "read", "operate"], created: float) -> str:
    """Store a new token by its hash and return it, the only time it is seen."""
    token = new_token()
    store.add_token(Token(token_hash(token), user, scope, created))
    return token


def _by_token(request: Request, token: str) -> Caller | None:
    stored = request.app.state.store.token(token_hash(token))
    return Caller(stored.user, stored.scope) if stored else None


def _by_session(request: Request) -> Caller | None:
    sessions = _sessions(request)
    cookie = request.cookies.get(sessions.cookie)
    return sessions.caller(cookie, request.app.state.store) if cookie else None


def _verify_csrf(request: Request, caller: Caller, token: str) -> None:
    expected = _sessions(request).csrf(caller.session or "")
    if not hmac.compare_digest(expected.encode(), token.encode()):
        refusal = ForbiddenError("This form is out of date or comes from elsewhere; load the page again.")
        _keep(request, caller, refusal)
        raise refusal


def _keep(request: Request, caller: Caller, refusal: ForbiddenError) -> None:
    """Keep a refused change in the audit log; what only reads changes nothing."""
    if request.method in SAFE_METHODS:
        return
    subject = str(next(iter(request.path_params.values()), ""))[:LONGEST_SUBJECT]
    reason = f"{request.method} {request.url.path[:LONGEST_SUBJECT]}: {refusal}"
    request.app.state.audit.record(caller.user, "attempt", subject, "refused", {"reason": reason})


def _sessions(request: Request) -> Sessions:
    sessions: Sessions = request.app.state.sessions
    return sessions
