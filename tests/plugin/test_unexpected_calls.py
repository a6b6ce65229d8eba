"""What no fake answers fails the test, even if the client swallowed the refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., pytest.RunResult]


def test_a_swallowed_404_fails_the_test_where_it_was_called(run: Run) -> None:
    result = run("""
        from client import get

        def test_swallows(fake_rest):
            fake_rest.get("/users").reply(json=[])
            get(fake_rest.url + "/usres")
    """)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E *UnexpectedCall: fake_rest: nothing answers GET /usres",
            "*GET /users: path is '/usres'*",
            "*- integration timeline -*",
            "  fake_rest  1 call on 1 connection, *",
            "  #1 * GET /usres  - 404",
            " *^ unexpected: nothing answers this",
            "replay: pytest 'test_it.py::test_swallows'",
            "FAILED test_it.py::test_swallows - fake_rest: nothing answers GET /usres",
        ]
    )
    result.stdout.no_fnmatch_line("*traceback entries are hidden*")


def test_a_handler_that_raises_fails_the_test_and_shows_its_line(run: Run) -> None:
    result = run("""
        from client import get

        def divide():
            return 1 / 0

        def test_swallows(fake_rest):
            fake_rest.get("/users").calls(divide)
            assert get(fake_rest.url + "/users") == 500
    """)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [">       return 1 / 0", "E*ZeroDivisionError*", "E*HandlerFailed: fake_rest: a handler*"]
    )


def test_several_are_told_together(run: Run) -> None:
    result = run("""
        from client import get

        def divide():
            return 1 / 0

        def test_swallows(fakes):
            payments = fakes.rest("payments")
            payments.get("/").calls(divide)
            get(payments.url + "/a")
            get(payments.url)
            get(fakes.rest("stock").url + "/b")
    """)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">       return 1 / 0",
            "E  *HandlerFailed: 3 calls that the fakes could not answer:",
            "  *payments: nothing answers GET /a",
            "  *payments: a handler for GET / raised ZeroDivisionError: division by zero",
            "  *stock: nothing answers GET /b",
            "*- integration timeline -*",
        ]
    )
    result.stdout.no_fnmatch_line("unexpected: *")
    result.stdout.no_fnmatch_line("*traceback entries are hidden*")


def test_a_test_that_failed_by_itself_has_them_in_its_section(run: Run) -> None:
    result = run("""
        from client import get

        def test_fails(fake_rest):
            assert get(fake_rest.url + "/users") == 200
    """)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*assert 404 == 200", "unexpected: fake_rest: nothing answers GET /users"])
    result.stdout.no_fnmatch_line("*UnexpectedCall*")


def test_a_test_of_unittest_fails_too(run: Run) -> None:
    result = run("""
        import unittest
        from client import get
        from pytest_integrations import FakeRest

        class TestClient(unittest.TestCase):
            def setUp(self):
                self.fake = FakeRest("payments").start()
                self.addCleanup(self.fake.stop)

            def test_swallows(self):
                get(self.fake.url + "/users")

            def test_fails(self):
                get(self.fake.url + "/users")
                self.fail("by itself")
    """)

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines_random(
        [
            "E *UnexpectedCall: payments: nothing answers GET /users",
            "E  *AssertionError: by itself",
            "unexpected: payments: nothing answers GET /users",
        ]
    )


def test_a_call_while_all_is_torn_down_is_told_then(run: Run) -> None:
    result = run("""
        import pytest
        from client import get

        @pytest.fixture
        def client(fake_rest):
            yield
            get(fake_rest.url + "/goodbye")

        def test_passes(client):
            pass
    """)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_passes*", "E*UnexpectedCall*GET /goodbye"])


def test_a_test_may_expect_it(run: Run) -> None:
    result = run("""
        import pytest
        from client import get
        from pytest_integrations import FakeRest, UnexpectedCall

        def test_verify(fake_rest):
            get(fake_rest.url + "/users")
            with pytest.raises(UnexpectedCall, match="nothing answers"):
                fake_rest.verify()

        def test_with():
            with pytest.raises(UnexpectedCall), FakeRest() as fake:
                get(fake.url + "/users")

        @pytest.mark.xfail(raises=UnexpectedCall, strict=True)
        def test_xfail(fake_rest):
            get(fake_rest.url + "/users")

        def test_skip(fake_rest):
            get(fake_rest.url + "/users")
            pytest.skip("on second thought")
    """)

    result.assert_outcomes(passed=2, xfailed=1, skipped=1)


def test_a_fake_of_the_module_fails_the_test_that_it_happened_in(run: Run) -> None:
    result = run("""
        import pytest
        from client import get
        from pytest_integrations import FakeRest

        @pytest.fixture(scope="module")
        def payments():
            with FakeRest("payments") as fake:
                fake.get("/ok").reply()
                yield fake

        def test_first(payments):
            assert get(payments.url + "/ok") == 200

        def test_second(payments):
            get(payments.url + "/users")

        def test_third(payments):
            assert get(payments.url + "/ok") == 201
    """)

    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*_ test_second _*",
            "E*UnexpectedCall: payments: nothing answers GET /users",
            "  #2 * GET /users  - 404",
            "*_ test_third _*",
            "  payments  1 call on 1 connection*",
            "  #3 * GET /ok  ok 200",
        ]
    )
