"""Whether a character may have a name. Pure."""

from __future__ import annotations

from tertulia_shared.user_name import same_name


class NameOfUser(Exception):
    """A character must not have the user's name: a reply could not be told from what the user says."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is what the characters call the user: choose another name for the character.")
        self.name = name


def check_not_users(name: str, user_name: str) -> None:
    """Compare the name of a character with the user's default name (TERTULIA_USER_NAME).

    Raises:
        NameOfUser: they cannot be told apart.
    """
    if same_name(name, [user_name]):
        raise NameOfUser(user_name)
