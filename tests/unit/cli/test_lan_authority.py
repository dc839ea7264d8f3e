"""The authority of the home network: what it may certify, and when it or the certificate is renewed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tertulia_cli.access import certificates
from tertulia_cli.lan.authority import Renewal, make_authority, make_certificate, permits, plan_renewal
from tertulia_cli.lan.machine import Machine

NOW = datetime(2026, 5, 1, tzinfo=UTC)
BOX = Machine("box", ("192.168.1.10", "fd00::10"))
NAMES = ("192.168.1.10", "fd00::10", "box.local")
AUTHORITY = make_authority(BOX, (), NOW)
CERTIFICATE = make_certificate(AUTHORITY, NAMES, NOW).certificate
A_DAY = timedelta(days=1)


def planned(
    machine: Machine = BOX,
    asked: Sequence[str] = (),
    *,
    after: timedelta = A_DAY,
    certificate: str | None = CERTIFICATE,
) -> Renewal:
    return plan_renewal(AUTHORITY.certificate, certificate, machine, asked, NOW + after)


def test_first_start_makes_an_authority_and_a_certificate_for_all_names() -> None:
    renewal = plan_renewal(None, None, BOX, ("nas.example.org",), NOW)
    assert renewal.names == ("nas.example.org", *NAMES)
    assert renewal.authority
    assert renewal.certificate


def test_nothing_is_renewed_while_names_and_dates_are_good() -> None:
    assert planned() == Renewal(NAMES)


def test_another_address_renews_the_certificate_and_keeps_the_authority() -> None:
    moved = planned(Machine("box", ("192.168.178.20",)))
    assert not moved.authority
    assert "changed" in moved.certificate
    assert moved.names == ("192.168.178.20", "box.local")


def test_another_host_name_keeps_the_authority_and_leaves_out_the_name_that_it_may_not_certify() -> None:
    renamed = planned(Machine("attic.example.org", BOX.addresses))
    assert not renamed.authority
    assert renamed.names == ("192.168.1.10", "fd00::10", "attic.local")


def test_asked_name_that_the_authority_may_not_certify_makes_a_new_authority() -> None:
    assert planned(asked=("nas.example.org",)).authority == "it may not certify nas.example.org"
    assert not planned(asked=("192.168.7.7",)).authority
    assert not planned(asked=("nas.home.arpa",)).authority


def test_network_in_which_no_name_may_be_certified_makes_a_new_authority() -> None:
    assert planned(Machine("localhost", ("203.0.113.5",))).authority


def test_certificate_is_renewed_when_a_third_of_its_time_is_left() -> None:
    assert not planned(after=timedelta(days=260)).certificate
    assert planned(after=timedelta(days=270)).certificate == "it ends soon"
    assert planned(after=timedelta(days=500)).certificate == "it ends soon"


def test_certificate_never_outlives_its_authority() -> None:
    in_time = timedelta(days=certificates.AUTHORITY_DAYS - certificates.SERVER_DAYS)
    assert not planned(after=in_time - A_DAY).authority
    assert planned(after=in_time + A_DAY).authority == "it ends soon"


def test_certificate_of_another_authority_is_replaced() -> None:
    foreign = make_certificate(make_authority(BOX, (), NOW), NAMES, NOW).certificate
    assert planned(certificate=foreign).certificate


@pytest.mark.parametrize(
    ("name", "permitted"),
    [
        ("192.168.77.1", True),
        ("10.1.2.3", True),
        ("fd12::1", True),
        ("other.local", True),
        ("box", False),
        ("box.fritz.box", False),
        ("example.org", False),
        ("notlocal", False),
        ("1.1.1.1", False),
        ("2606:4700:4700::1111", False),
    ],
)
def test_authority_may_certify_names_of_home_networks_only(name: str, permitted: bool) -> None:  # noqa: FBT001 - parametrized
    assert permits(AUTHORITY.certificate, name) is permitted


def test_certificate_is_one_that_phones_accept() -> None:
    made = x509.load_pem_x509_certificate(CERTIFICATE.encode())
    assert made.not_valid_after_utc - made.not_valid_before_utc < timedelta(days=398)
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert certificates.names_of(CERTIFICATE) == NAMES


def test_authority_is_limited_by_critical_extensions_and_named_after_the_machine() -> None:
    made = x509.load_pem_x509_certificate(AUTHORITY.certificate.encode())
    assert made.extensions.get_extension_for_class(x509.NameConstraints).critical
    constraints = made.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    assert made.subject.rfc4514_string() == "CN=Tertulia box 2026-05-01"
