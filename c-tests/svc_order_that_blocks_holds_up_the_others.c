/* runs-as: root
 * A service carries out one order at a time. While an mmap() blocks in it, orders
 * of others wait for their timeout, and are then injected; who has only the service
 * is told EAGAIN. Afterwards it serves as before.
 */
#include "fuse.h"
#include "service.h"

static struct peer target;
static int fd;

static int locks_all(int channel)
{
	CHECK(mlockall(MCL_FUTURE) == 0);
	CHECK(mman_peer_allow(-1) == 0);
	return serving_body(channel);
}

static int maps(int channel)
{
	tell_word(channel, (uintptr_t)mmap_peer(target.pid, NULL, check_page(), PROT_READ, MAP_SHARED, fd, 0));
	return 0;
}

/* A program of its own: the environment is read once. */
static int other_caller(const char *pid, const char *by)
{
	int only_service = strcmp(by, "service") == 0;
	void *at;
	errno = 0;
	at = mmap_peer(atoi(pid), NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0);
	if ((at == MAP_FAILED) != only_service || (only_service && errno != EAGAIN))
		fprintf(stderr, "by %s: %p, errno %d, %s\n", by, at, errno, mman_peer_explain());
	CHECK((at == MAP_FAILED) == only_service);
	CHECK(!only_service || errno == EAGAIN);
	return 0;
}

static void calls_by(const char *by)
{
	char pid[16];
	int status;
	pid_t child;
	snprintf(pid, sizeof pid, "%d", (int)target.pid);
	child = fork();
	CHECK(child != -1);
	if (child == 0) {
		CHECK(setenv("MMAN_PEER_ENGINE", by, 1) == 0);
		execl("/proc/self/exe", "caller", pid, by, NULL);
		_exit(2);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(int argc, char **argv)
{
	struct peer server, caller;
	unsigned char *at;
	if (argc == 3)
		return other_caller(argv[1], argv[2]);
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "500");
	fd = slow_file_open(&server);
	target = peer_start(locks_all);
	(void)peer_mapped(&target, NULL);
	use_service(&target);
	caller = peer_start(maps);
	AWAIT(slow->asked > 0);
	CHECK(task_state(target.pid) == 'S');	/* it is not its first thread that blocks */
	calls_by("service");
	calls_by("auto");
	slow->open = 1;
	at = (unsigned char *)hear_word(caller.channel);
	CHECK(at != MAP_FAILED && peer_read(&target, at) == SLOW_BYTE);
	CHECK(peer_status(&caller) == 0);
	use_service(&target);
	calls_by("auto");
	peer_dismiss(&target);
	slow_file_end(&server, fd);
	return 0;
}
