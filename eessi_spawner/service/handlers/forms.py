"""Pages of a user's own things, and the forms on them: posted by a page of the service, as JupyterHub's are."""

from __future__ import annotations

from tornado.web import HTTPError

from eessi_spawner.errors import AccessDeniedError, InvalidChoiceError
from eessi_spawner.service.handlers.software import PageHandler
from eessi_spawner.service.question import Arguments


class OwnPageHandler(PageHandler):
    """A page of a user's own things.

    Who is not logged in is sent through the login by `@authenticated` of `get`; what is posted needs the page's mark.
    """

    async def prepare(self) -> None:
        """Let only users in, and only forms of the service's own pages.

        Raises
        ------
        AccessDeniedError
            If a service asks, or a form is of another page or of an earlier login.
        """
        await super().prepare()
        if self.current_user is None and self.request.method == "POST":
            raise AccessDeniedError(
                "This form is not of a page that you have open, or you are no longer logged in.",
                advice="Load the page again, and repeat what you did.",
            )
        if self.current_user and self.current_user["kind"] != "user":
            raise AccessDeniedError("Only users have environments.", advice="Log in as a user.")

    @property
    def owner(self) -> str:
        """Whose page it is."""
        name: str = self.current_user["name"]
        return name

    @property
    def fields(self) -> Arguments:
        """What the form sent, as it was sent, but for the mark.

        Raises
        ------
        InvalidChoiceError
            If it is no text.
        """
        try:
            return {
                name: [value.decode() for value in values]
                for name, values in self.request.body_arguments.items()
                if name != "_xsrf"
            }
        except UnicodeDecodeError:
            raise InvalidChoiceError("The form must be text in UTF-8, and it is not.", advice="Correct it.") from None

    def see(self, path: str) -> None:
        """Send the browser on to a page of the service, so that loading it again posts nothing again."""
        self.redirect(self.hub_auth.base_url + path, status=303)

    def file(self, name: str) -> bytes:
        """Return the file that was sent in the field *name*.

        Raises
        ------
        HTTPError
            If there is none, or several.
        """
        files = self.request.files.get(name, [])
        if len(files) != 1:
            raise HTTPError(400)
        body: bytes = files[0].body
        return body
