/*
 * MAP_NOINHERIT: a child that the target forks does not have the memory, the
 * target keeps it; without the flag the child has it, too.
 */
#include "target.h"

/* Hears addresses; a child tells whether it has the page. */
static int body(int channel)
{
	uintptr_t a;
	while ((a = hear_word(channel)) != 0) {
		pid_t child = fork();
		int status;
		if (child == 0)
			_exit(body_is_mapped(a) ? 10 : 20);
		CHECK(child != -1 && waitpid(child, &status, 0) == child && body_is_mapped(a));
		tell_word(channel, (uintptr_t)WEXITSTATUS(status) / 10);
	}
	return 0;
}

static void one(struct peer *p, int flags, int fd)
{
	int passed_on;
	for (passed_on = 0; passed_on < 2; passed_on++) {
		unsigned char *a;
		CHECK_MAPS(a, mmap_peer(p->pid, NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
					flags | (passed_on ? 0 : MAP_NOINHERIT), fd, 0));
		CHECK(has_vm_flag(p->pid, a, "dc") == !passed_on);	/* VM_DONTCOPY */
		tell_word(p->channel, (uintptr_t)a + PAGE);
		CHECK(hear_word(p->channel) == (passed_on ? 1 : 2));
		CHECK_OK(munmap_peer(p->pid, a, 2 * PAGE));
	}
}

static void own(void)
{
	unsigned char *a;
	int status;
	pid_t child;
	CHECK_MAPS(a, mmap_peer(getpid(), NULL, PAGE, PROT_READ, MAP_SHARED | MAP_NOINHERIT, NOFD, 0));
	child = fork();
	if (child == 0)
		_exit(body_is_mapped((uintptr_t)a));
	CHECK(child != -1 && waitpid(child, &status, 0) == child && status == 0);
	CHECK(body_is_mapped((uintptr_t)a));
}

int main(void)
{
	struct peer p = peer_start(body);
	int fd = memfd_of(2);

	one(&p, MAP_SHARED, NOFD);
	one(&p, MAP_PRIVATE, NOFD);
	one(&p, MAP_SHARED, fd);
	one(&p, MAP_PRIVATE, fd);
	one(&p, MAP_SHARED | MAP_POPULATE, fd);
	tell_word(p.channel, 0);
	CHECK(peer_status(&p) == 0);
	own();
	return 0;
}
