/* runs-as: root
 * A target that has locked what it will map (mlockall) maps a file whose pages
 * do not come: mmap() itself blocks, in the target, and cannot be called off. The
 * caller waits beyond its timeout, and is told the address when it has ended. A
 * caller that is killed meanwhile ends at once, and the target goes on.
 */
#include "fuse.h"

static struct peer target;
static int fd;

static int locks_all(int channel)
{
	CHECK(mlockall(MCL_FUTURE) == 0);
	return obedient_body(channel);
}

static int maps(int channel)
{
	tell_word(channel, (uintptr_t)mmap_peer(target.pid, NULL, check_page(), PROT_READ, MAP_SHARED, fd, 0));
	return 0;
}

static int has_answered(struct peer *caller)
{
	char byte;
	return recv(caller->channel, &byte, 1, MSG_DONTWAIT | MSG_PEEK) != -1 || errno != EAGAIN;
}

int main(int argc, char **argv)
{
	struct peer server, caller;
	unsigned char *at;
	double begun;
	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "200");
	fd = slow_file_open(&server);

	for (int killed = 0; killed < 2; killed++) {
		int before = slow->asked;
		target = peer_start(locks_all);
		(void)peer_mapped(&target, NULL);
		slow->open = 0;
		CHECK(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0);
		begun = check_now();
		caller = peer_start(maps);
		AWAIT(slow->asked > before);
		if (killed) {
			peer_kill(&caller);
			slow->open = 1;
		} else {
			AWAIT(check_now() > begun + 0.8);	/* four timeouts */
			CHECK(!has_answered(&caller));
			slow->open = 1;
			at = (unsigned char *)hear_word(caller.channel);
			CHECK(at != MAP_FAILED && peer_read(&target, at) == SLOW_BYTE);
			CHECK(peer_status(&caller) == 0);
		}
		/* Its own thread answers, and nothing of the call is left. */
		(void)peer_mapped(&target, NULL);
		AWAIT(proc_status(target.pid, "TracerPid") == 0);
		peer_dismiss(&target);
	}
	slow_file_end(&server, fd);
	return 0;
}
