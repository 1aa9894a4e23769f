/* time-limit: 60
 * A signal comes while the memory of a process is copied, and is its first. Its handler
 * gives a page back (MADV_DONTNEED). The copy is made once more, and that page reads
 * zero in it, as it would have without anybody.
 */
#include "utek.h"
#include "caller.h"

enum { ROUNDS = 10 };

#define SIZE ((size_t)128 << 20)

static struct { volatile int given_back, over; } *shared;
static unsigned char *area;

static void gives_back(int sig)
{
	unsigned char present = 1;
	(void)sig;
	CHECK(madvise(area, check_page(), MADV_DONTNEED) == 0);
	/* Of what is an object's by now the contents stay. */
	CHECK(mincore(area, check_page(), &present) == 0);
	shared->given_back = !(present & 1);
}

static int target(int channel)
{
	CHECK(signal(SIGUSR1, gives_back) != SIG_ERR);
	area = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED);
	memset(area, 1, SIZE);
	tell_word(channel, (uintptr_t)area);
	CHECK(hear_word(channel) == 1);
	tell_word(channel, area[0]);
	return 0;
}

/* How often it has gone to sleep, or stopped. */
static long pauses(pid_t pid)
{
	return proc_status(pid, "voluntary_ctxt_switches");
}

/* Sends the signal when the process stands, and has for so many looks: it does in the
 * copy, and not in the calls that come before. */
static int sends(int channel)
{
	enum { LOOKS = 40 };
	pid_t pid = (pid_t)hear_word(channel);
	long since = -1;
	for (int looks = 0; looks < LOOKS; looks++) {
		long now = pauses(pid);
		if (shared->over)
			return 0;
		if (now != since || task_state(pid) != 't')
			looks = 0;
		since = now;
	}
	CHECK(kill(pid, SIGUSR1) == 0);
	return 0;
}

int main(void)
{
	int judged = 0;
	const int rounds = check_fewer(ROUNDS);
	const double give_up = check_now() + 20;
	unsigned char *room;
	shared = mmap(NULL, check_page(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shared != MAP_FAILED);
	room = utek_room(SIZE);
	/* On a busy machine the signal may come late. */
	for (int i = 0; i < rounds || (judged == 0 && check_now() < give_up); i++) {
		struct peer p = peer_start(target), sender = peer_start(sends);
		unsigned char *theirs = (unsigned char *)hear_word(p.channel), first;
		shared->given_back = shared->over = 0;
		tell_word(sender.channel, (uintptr_t)p.pid);
		CHECK_OK(utek_call(p.pid, theirs, room, SIZE, RW_SELF, SHARED));
		shared->over = 1;
		CHECK(peer_status(&sender) == 0);
		tell_word(p.channel, 1);
		first = (unsigned char)hear_word(p.channel);	/* its handler has run by now */
		CHECK(first == room[0]);
		CHECK(first == (shared->given_back ? 0 : 1));
		judged += shared->given_back;
		CHECK(peer_status(&p) == 0);
		CHECK(munmap(room, SIZE) == 0);
		close(p.channel);
		close(sender.channel);
	}
	CHECK(judged > 0 || check_slowness() > 1);
	return 0;
}
