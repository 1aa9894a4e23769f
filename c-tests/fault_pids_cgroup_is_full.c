/*
 * A caller in a control group that may have no further process (pids.max, as
 * containers set it) gets EAGAIN with that limit as the reason, or the
 * mapping; with room again, the call succeeds.
 *
 * runs-as: root
 */
#include "limits.h"

static char group[300];

static void write_file(const char *name, const char *text)
{
	char path[400];
	int fd;
	snprintf(path, sizeof path, "%s/%s", group, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	CHECK(fd != -1 && close(fd) == 0);
}

/* A new group below the pids controller of either version, or "". */
static void group_make(void)
{
	static const char *const roots[] = { "/sys/fs/cgroup/pids", "/sys/fs/cgroup" };
	char path[200];
	for (size_t i = 0; i < LENGTH_OF(roots); i++) {
		snprintf(group, sizeof group, "%s/mman_peer-test-%d", roots[i], (int)getpid());
		if (mkdir(group, 0755) != 0)
			continue;
		snprintf(path, sizeof path, "%.150s/pids.max", group);
		if (access(path, W_OK) == 0)
			return;
		rmdir(group);
	}
	group[0] = '\0';
}

static struct peer target;
static int fd;

static int caller_body(int channel)
{
	static const int errnos[] = { EAGAIN, 0 };
	(void)channel;
	write_file("cgroup.procs", "0");
	write_file("pids.max", "1");
	CHECK(fork() == -1 && errno == EAGAIN);         /* the limit holds here */
	(void)call_allowing("anonymous", target.pid, PRIVATE_ANON, NOFD, errnos, "pids.max");
	(void)call_allowing("descriptor", target.pid, MAP_SHARED, fd, errnos, "pids.max");
	write_file("pids.max", "max");
	CHECK(call_allowing("anonymous", target.pid, PRIVATE_ANON, NOFD, errnos, NULL));
	CHECK(call_allowing("descriptor", target.pid, MAP_SHARED, fd, errnos, NULL));
	return 0;
}

int main(int argc, char **argv)
{
	static struct residue before, after;
	struct peer caller;
	int status;

	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "300");
	group_make();
	if (group[0] == '\0')
		check_skip("no pids control group can be made under /sys/fs/cgroup");
	target = consenting_peer();
	fd = marked_memfd('g');
	residue_look(&before, target.pid);
	caller = peer_start(caller_body);
	CHECK(waitpid(caller.pid, &status, 0) == caller.pid);
	CHECK(rmdir(group) == 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	residue_look(&after, target.pid);
	check_same_text("the target's mappings", before.maps, after.maps);
	check_same_text("the target's descriptors", before.fds, after.fds);
	peer_dismiss(&target);
	return 0;
}
