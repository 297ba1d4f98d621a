"""The command ``videoprep serve``."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from videoprep_nb.cli.announcing import (
    MailFrom,
    MailTo,
    PublicUrl,
    SmtpPasswordFile,
    SmtpUrl,
    WebhookSecretFile,
    WebhookUrl,
    mail_server_of,
    own_address,
    webhook_of,
)
from videoprep_nb.cli.console import EXIT_FAILED, EXIT_USAGE, out, plain, stop, warn_of_readable
from videoprep_nb.cli.doctor import report_checks
from videoprep_nb.cli.gpu_limit import GpuLimit
from videoprep_nb.cli.memory_limit import MemoryLimit, bytes_of
from videoprep_nb.cli.push import warn_of_account
from videoprep_nb.core.errors import InputError, VideoPrepError
from videoprep_nb.exports.push_to_cvat import CvatAccount
from videoprep_nb.jobs.engine.cluster import EngineSettings
from videoprep_nb.jobs.engine.gpus import visible_gpus
from videoprep_nb.jobs.engine.tls import TlsFiles
from videoprep_nb.jobs.service import Limits
from videoprep_nb.jobs.storage.workspace import Workspace


def serve(
    host: Annotated[str, typer.Option(help="Bind address; non-loopback addresses require --auth-file.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes any free one.")] = 7860,
    workspace: Annotated[Path, typer.Option(help="Folder for jobs and uploads.")] = Path("videoprep-workspace"),
    scheduler: Annotated[
        str | None,
        typer.Option(help="Dask scheduler, such as tls://host:8786.", show_default="workers on this machine"),
    ] = None,
    tls_ca: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Certificate of the authority of the Dask cluster; tls:// requires it, --tls-cert and --tls-key.",
            show_default="none",
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Certificate that this service shows to the scheduler.", show_default="none"),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Private key of that certificate.", show_default="none")
    ] = None,
    insecure_scheduler: Annotated[
        bool,
        typer.Option(
            "--insecure-scheduler",
            help="Accept a scheduler at tcp:// on another machine: whoever reaches it can run code as you.",
            show_default="off",
        ),
    ] = False,
    workers: Annotated[
        int, typer.Option(min=0, help="Notebooks that run in parallel on this machine; 0 means one per four cores.")
    ] = 0,
    gpus: GpuLimit = None,
    memory_limit: MemoryLimit = None,
    scratch_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder on a local disk for the scratch files of jobs, if the workspace is on a slower one.",
            show_default="in the workspace",
        ),
    ] = None,
    auth_file: Annotated[
        Path | None,
        typer.Option(help="User file, written by videoprep users.", show_default="no login, this machine only"),
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            help="Address of a reverse proxy whose X-Forwarded headers are trusted; repeatable.", show_default="none"
        ),
    ] = None,
    import_root: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder on this machine from which users may add videos without an upload; repeatable.",
            show_default="none",
        ),
    ] = None,
    cvat: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="CVAT server that admins may push finished jobs to; requires --cvat-token-file.",
            show_default="none",
        ),
    ] = None,
    cvat_token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="File that holds a personal access token of that server.", show_default="none"
        ),
    ] = None,
    webhook: WebhookUrl = None,
    webhook_secret_file: WebhookSecretFile = None,
    smtp: SmtpUrl = None,
    smtp_password_file: SmtpPasswordFile = None,
    mail_from: MailFrom = None,
    mail_to: MailTo = None,
    public_url: PublicUrl = None,
    min_free: Annotated[
        float,
        typer.Option(min=0, max=10**6, metavar="GB", help="Disk space that stays free; without it, jobs wait."),
    ] = 1,
    min_free_memory: Annotated[
        float,
        typer.Option(min=0, max=10**6, metavar="GB", help="Available memory without which tasks wait to begin."),
    ] = 0.5,
    keep_results_days: Annotated[float, typer.Option(min=0, max=36500, help="Days to keep packages and reports.")] = 90,
    max_jobs_per_user: Annotated[
        int, typer.Option(min=1, help="Jobs of one user that may wait or run; without users, of all.")
    ] = Limits.queued_jobs,
    max_megapixels: Annotated[
        float, typer.Option(min=1, help="Resolution of a frame that jobs may ask for; 8.3 is 3840x2160.")
    ] = 8.3,
    max_frame_rate: Annotated[float, typer.Option(min=60, help="Frames per second that jobs may ask for.")] = 120,
    max_scratch_gb: Annotated[
        float, typer.Option(min=0, help="Disk space in GB that the scratch files of one job may take.")
    ] = 500,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Only check everything that a service with these options needs; exit with 1 if it would not work.",
            show_default="off",
        ),
    ] = False,
) -> None:
    """Run the service: page and REST API. Stop it with Ctrl-C; the next start resumes unfinished jobs."""
    from videoprep_nb.server.serving import ServerSettings
    from videoprep_nb.server.serving import serve as serve_workspace

    def engine_settings() -> EngineSettings:
        return EngineSettings(
            scheduler=scheduler,
            tls=_tls_files(tls_ca, tls_cert, tls_key),
            allow_insecure=insecure_scheduler,
            worker_count=workers,
            gpus=visible_gpus()[:gpus],
            memory_per_task_bytes=bytes_of(memory_limit),
            scratch_dir=scratch_dir,
        )

    def account() -> CvatAccount | None:
        return _cvat_account(cvat, cvat_token_file)

    try:
        page_url = public_url or own_address(host, port)
        receiver = webhook_of(webhook, webhook_secret_file, page_url)
        mail_server = mail_server_of(smtp, smtp_password_file, mail_from, mail_to or [], page_url)
    except InputError as error:
        raise stop(error, EXIT_USAGE) from None
    settings = ServerSettings(host, port, auth_file, tuple(trusted_proxy or ()), receiver, mail_server)
    limits = Limits(
        queued_jobs=max_jobs_per_user,
        frame_pixels=round(max_megapixels * 1e6),
        frame_rate=max_frame_rate,
        scratch_bytes=round(max_scratch_gb * 1e9),
        free_bytes=int(min_free * 1e9),
        free_memory_bytes=int(min_free_memory * 1e9),
        keep_results=timedelta(days=keep_results_days),
        import_roots=tuple(import_root or ()),
    )
    if check:
        from videoprep_nb.server.preflight import examine_service

        report_checks(examine_service(settings, Workspace(workspace), engine_settings, account, limits))
        return
    try:
        engine = engine_settings()
        if engine.tls:
            warn_of_readable(engine.tls.key)
        serve_workspace(
            settings,
            workspace,
            engine,
            limits,
            account(),
            announce=lambda address: out.print(plain(f"Serving {workspace} at {address}")),
        )
    except VideoPrepError as error:
        raise stop(error, EXIT_USAGE if isinstance(error, InputError) else EXIT_FAILED) from None


def _tls_files(ca: Path | None, cert: Path | None, key: Path | None) -> TlsFiles | None:
    """What the scheduler is reached with.

    Raises:
        InputError: Only some of the three are given.
    """
    if not ca and not cert and not key:
        return None
    if not ca or not cert or not key:
        raise InputError("--tls-ca, --tls-cert and --tls-key belong together; give all three, or none.")
    return TlsFiles(ca, cert, key)


def _cvat_account(server: str | None, token_file: Path | None) -> CvatAccount | None:
    """Where admins may push to.

    Raises:
        InputError: One of the two is missing or cannot be used.
    """
    if not server and not token_file:
        return None
    if not server or not token_file:
        given, missing = ("--cvat", "--cvat-token-file") if server else ("--cvat-token-file", "--cvat")
        raise InputError(f"{given} needs {missing}; give both, or neither.")
    account = CvatAccount(server, token_file)
    account.check()
    warn_of_account(account)
    return account
