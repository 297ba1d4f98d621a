"""Who may make links to a job, and what somebody with such a link may read."""

from http import HTTPStatus

from starlette.requests import HTTPConnection

from videoprep_nb.core.errors import NoSuchJob
from videoprep_nb.jobs.models import owner_name
from videoprep_nb.jobs.service import Service
from videoprep_nb.jobs.store.rows import JobRow
from videoprep_nb.server.problems import Refused
from videoprep_nb.server.security.access import UserJobs
from videoprep_nb.server.security.audit import AuditLog
from videoprep_nb.server.security.authentication import TooManyTries, address_of
from videoprep_nb.server.security.reading import JobReader
from videoprep_nb.server.security.shares import Share, Shares
from videoprep_nb.server.security.throttle import Throttle, network_of
from videoprep_nb.server.security.users import Users

_MAX_SHARES_PER_JOB = 20
_FREE_TRIES_PER_NETWORK = 30
_ENDED = "This link has expired or was revoked, or is not complete; ask whoever sent it for a new one."


class SharedJob(JobReader):
    """The one job of a link, to be read by whoever has the link, as long as its maker may see the job.

    Args:
        service: The service.
        share: The link.
        maker: The jobs that its maker may see.
    """

    def __init__(self, service: Service, share: Share, maker: UserJobs) -> None:
        super().__init__(service)
        self.share = share
        self._maker = maker

    def row(self, job_id: str) -> JobRow:
        """The job.

        Raises:
            NoSuchJob: It is another one, has been deleted, or the maker of the link may not see it any more.
        """
        if job_id != self.share.job_id:
            raise NoSuchJob.with_id(job_id)
        return self._maker.row(job_id)


class JobShares:
    """The links to the jobs of a service.

    Args:
        shares: The links.
        service: The service.
        users: Its users; None: there are no links, because only this machine reaches the service.
        audit: Where it is noted that a link was opened, or guessed.
    """

    def __init__(self, shares: Shares, service: Service, users: Users | None, audit: AuditLog) -> None:
        self._shares = shares
        self._service = service
        self._users = users
        self._audit = audit
        self._tries = Throttle(_FREE_TRIES_PER_NETWORK)

    @property
    def are_possible(self) -> bool:
        """Whether there can be links."""
        return self._users is not None

    def of_job(self, jobs: UserJobs, job_id: str) -> list[Share]:
        """The links of a job.

        Args:
            jobs: The jobs of the user who asks.
            job_id: The job.

        Raises:
            NoSuchJob: There is none that the user may see.
        """
        jobs.row(job_id)
        return self._shares.of_job(job_id)

    def make(self, jobs: UserJobs, job_id: str, days: float) -> tuple[Share, str]:
        """Make a link to a job.

        Args:
            jobs: The jobs of the user who makes it.
            job_id: The job.
            days: How long it lasts.

        Returns:
            The link and its key, which is kept nowhere.

        Raises:
            NoSuchJob: There is none that the user may see.
            Refused: The service has no users, or the job has too many links.
        """
        if len(self.of_job(jobs, job_id)) >= _MAX_SHARES_PER_JOB:
            sentence = f"The job has {_MAX_SHARES_PER_JOB} links already; revoke one of them."
            raise Refused(HTTPStatus.CONFLICT, sentence)
        if not self.are_possible:
            sentence = "Without users, only this machine reaches the service; start it with --auth-file to share jobs."
            raise Refused(HTTPStatus.CONFLICT, sentence)
        return self._shares.make(job_id, jobs.user.user_id, days)

    def revoke(self, jobs: UserJobs, job_id: str, share_id: str) -> None:
        """End a link of a job.

        Raises:
            NoSuchJob: There is no job that the user may see, or it has no such link.
        """
        if all(share.share_id != share_id for share in self.of_job(jobs, job_id)):
            raise NoSuchJob(f"{jobs.row(job_id).title} has no link {share_id[:100]!r}; it has expired or was revoked.")
        self._shares.revoke(share_id)

    def open(self, connection: HTTPConnection, share_id: str, key: str) -> SharedJob:
        """The job of a link.

        Args:
            connection: The request.
            share_id: What the link is called.
            key: Its key.

        Raises:
            Refused: The link has ended, is wrong, its job was deleted, or its maker may not see the job any more.
            TooManyTries: It is so, and so were many before from the same network.
        """
        found = self._find(share_id, key)
        if found is None:
            address = address_of(connection)
            network = network_of(address)
            if wait_s := self._tries.wait_s(network):
                raise TooManyTries(wait_s)
            self._tries.add(network)
            self._audit.note("share link", "refused", address=address, count=self._tries.count(network))
            raise Refused(HTTPStatus.NOT_FOUND, _ENDED)
        connection.state.share_id = share_id  # for the logs
        return found

    def enter(self, connection: HTTPConnection, share_id: str, key: str) -> SharedJob:
        """The same for somebody who has just followed the link, which is noted."""
        found = self.open(connection, share_id, key)
        name = f"share link {share_id}"
        self._audit.note("open share link", "done", name, address_of(connection), found.share.job_id)
        return found

    def _find(self, share_id: str, key: str) -> SharedJob | None:
        share = self._shares.find(share_id, key)
        maker = self._users.with_id(share.made_by) if share and self._users else None
        if share is None or maker is None:
            return None
        found = SharedJob(self._service, share, UserJobs(self._service, maker.user))
        try:
            found.row(share.job_id)
        except NoSuchJob:
            return None
        return found


def maker_of(share: Share) -> str:
    """Name of the user who made a link."""
    return owner_name(share.made_by)
