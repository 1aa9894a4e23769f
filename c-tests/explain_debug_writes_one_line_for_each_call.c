/*
 * MMAN_PEER_DEBUG=1: each call, successful or not, writes one line to standard
 * error by one write(2), with the function's name and the target's pid, and
 * for a failure the errno's name. Without the variable nothing is written.
 * A standard error that is closed or full does no harm.
 */
#include "lines.h"

static int lines, old_stderr;

/* Exactly one line came (or none, if not wanted) since the last time. */
static void check_line(int wanted, const char *function, pid_t pid, const char *word)
{
	char number[32], line[4096];
	snprintf(number, sizeof number, "%d", (int)pid);
	snprintf(line, sizeof line, "%s", next_line(lines));
	if (!wanted) {
		CHECK(line[0] == '\0');
		return;
	}
	if (strstr(line, function) == NULL || strstr(line, number) == NULL || strstr(line, word) == NULL)
		dprintf(old_stderr, "the line \"%s\" has not all of \"%s\", \"%s\", \"%s\"\n", line, function, number, word);
	CHECK(strstr(line, function) != NULL && strstr(line, number) != NULL && strstr(line, word) != NULL);
	CHECK(strchr(line, '\n') == line + strlen(line) - 1);
	CHECK(next_line(lines)[0] == '\0');
}

static void calls(int wanted, struct peer *target, pid_t held)
{
	size_t page = check_page();
	pid_t pid = target->pid;
	int fd = marked_memfd('l');
	void *at;
	CHECK_MAPS(at, mmap_peer(pid, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
	check_line(wanted, "mmap_peer", pid, "");
	CHECK_OK(munmap_peer(pid, at, page));
	check_line(wanted, "munmap_peer", pid, "");
	CHECK_MAPS(at, mmap64_peer(pid, NULL, page, READ_WRITE, MAP_SHARED, fd, 0));
	check_line(wanted, "peer", pid, "");
	CHECK_OK(munmap_peer(pid, at, page));
	check_line(wanted, "munmap_peer", pid, "");
	CHECK_MAPS(at, mmap_peer(getpid(), NULL, page, READ_WRITE, MAP_SHARED, fd, 0));
	check_line(wanted, "mmap_peer", getpid(), "");
	CHECK_OK(munmap_peer(getpid(), at, page));
	check_line(wanted, "munmap_peer", getpid(), "");
	CHECK_MAP_FAILS(mmap_peer(-77, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0), ESRCH);
	check_line(wanted, "mmap_peer", -77, "ESRCH");
	CHECK_MAP_FAILS(mmap_peer(pid, NULL, 0, READ_WRITE, PRIVATE_ANON, NOFD, 0), EINVAL);
	check_line(wanted, "mmap_peer", pid, "EINVAL");
	CHECK_MAP_FAILS(mmap_peer(held, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0), EAGAIN);
	check_line(wanted, "mmap_peer", held, "EAGAIN");
	CHECK_UNMAP_FAILS(munmap_peer(pid, NULL, 0), EINVAL);
	check_line(wanted, "munmap_peer", pid, "EINVAL");
	(void)mman_peer_explain();
	(void)mman_peer_version();
	check_line(0, "", 0, "");
	close(fd);
}

/* Lines that nobody takes are lost, and that is all. */
static void unheard(struct peer *target)
{
	int full[2];
	void *at;
	CHECK(pipe2(full, O_NONBLOCK | O_CLOEXEC) == 0);
	while (write(full[1], "x", 1) == 1)
		;
	CHECK(dup2(full[1], STDERR_FILENO) == STDERR_FILENO);
	CHECK_MAPS(at, mmap_peer(target->pid, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0));
	CHECK(close(STDERR_FILENO) == 0);
	CHECK_OK(munmap_peer(target->pid, at, check_page()));
	CHECK(dup2(old_stderr, STDERR_FILENO) == STDERR_FILENO);
}

int main(int argc, char **argv)
{
	struct peer target, held, debugger;

	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "300");
	target = consenting_peer();
	held = consenting_peer();
	debugger = debugger_start(held.pid);
	lines = lines_begin(&old_stderr);
	calls(argc == 2, &target, held.pid);
	if (argc == 2)
		unheard(&target);
	lines_end(lines, old_stderr);
	peer_kill(&debugger);
	peer_dismiss(&held);
	peer_dismiss(&target);
	if (argc == 1) {        /* again, with the lines */
		char *again[] = { argv[0], "with lines", NULL };
		CHECK(setenv("MMAN_PEER_DEBUG", "1", 1) == 0);
		execv("/proc/self/exe", again);
		CHECK(!"execv");
	}
	return 0;
}
