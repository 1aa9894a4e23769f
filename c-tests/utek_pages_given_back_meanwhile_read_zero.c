/* time-limit: 60
 * A signal comes while the memory of a process is copied, and is its first. Its handler
 * gives a page back (MADV_DONTNEED). The copy is made once more, and that page reads
 * zero in it, as it would have without anybody.
 */
#include "utek.h"
#include "caller.h"

enum { ROUNDS = 10 };

#define SIZE ((size_t)(check_slowness() > 1 ? 32 : 128) << 20)

static struct { volatile int given_back, over; } *shared;
static unsigned char *area;

static void gives_back(int sig)
{
	unsigned char present = 1;
	(void)sig;
	CHECK(madvise(area, check_page(), MADV_DONTNEED) == 0);
	/* Of what is an object's by now the contents stay. */
	CHECK(mincore(area, check_page(), &present) == 0);
	if (!(present & 1))
		shared->given_back = 1;
}

static int target(int channel)
{
	struct sigaction action = { .sa_handler = gives_back, .sa_flags = SA_NODEFER | SA_RESTART };
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	area = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED);
	memset(area, 1, SIZE);
	tell_word(channel, (uintptr_t)area);
	CHECK(hear_word(channel) == 1);
	tell_word(channel, area[0]);
	return 0;
}

/* How much has been copied by who holds this process: it writes that, and little else. */
static size_t copied(pid_t pid)
{
	char text[512];
	const char *at;
	long holder = proc_status(pid, "TracerPid");
	if (holder <= 0)
		return 0;
	at = strstr(proc_text((pid_t)holder, "io", text, sizeof text), "wchar: ");
	return at == NULL ? 0 : (size_t)strtoul(at + strlen("wchar: "), NULL, 10);
}

/* The process may be held again before its handler has come to anything: a signal comes
 * in the next copy, too. */
static int sends(int channel)
{
	pid_t pid = (pid_t)hear_word(channel);
	size_t before = 0;
	while (!shared->over && !shared->given_back) {
		if (copied(pid) < before + (1 << 20))
			continue;
		CHECK(kill(pid, SIGUSR1) == 0);
		before += SIZE;
	}
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
	/* On a busy machine the signals may come late; a slow one takes too long for more. */
	for (int i = 0; i < rounds || (judged == 0 && check_slowness() == 1 && check_now() < give_up); i++) {
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
