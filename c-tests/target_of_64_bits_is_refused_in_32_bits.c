/*
 * A 64-bit process is no target of a 32-bit caller, which could not hold its
 * addresses: ENOTSUP, with the reason, in every function, and the process goes on
 * in whatever it does. Wrong arguments are told first.
 */
#include "disturb.h"
#include <elf.h>
#include <mman_peer/companions.h>

/* cat(1) between two ends of a socket: it copies what it hears. */
static int be_cat(int channel)
{
	CHECK(dup2(channel, 0) == 0 && dup2(channel, 1) == 1);
	execlp("cat", "cat", (char *)NULL);
	return 1;
}

static int is_of_64_bits(pid_t pid)
{
	unsigned char ident[EI_NIDENT] = { 0 };
	char path[64];
	int fd;
	snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	CHECK(fd != -1 && read(fd, ident, sizeof ident) == sizeof ident);
	close(fd);
	return ident[EI_CLASS] == ELFCLASS64;
}

int main(void)
{
	static struct portrait before, after;
	const size_t page = check_page();
	struct peer p;
	char b = 'a';
	int i, fd = an_object();
	if (sizeof(void *) != 4)
		check_skip("this is a 64-bit caller");
	p = peer_start(be_cat);
	CHECK(send(p.channel, &b, 1, 0) == 1 && recv(p.channel, &b, 1, 0) == 1);
	if (!is_of_64_bits(p.pid))
		check_skip("the programs of this system are 32-bit ones");
	await_state(p.pid, 'S');
	portrait_take(p.pid, &before);
	for (i = 0; i < 5; i++) {
		CHECK_MAP_FAILS(mmap_peer(p.pid, NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANON, NOFD, 0), ENOTSUP);
		CHECK(strstr(mman_peer_explain(), "64-bit program") != NULL);
		CHECK_MAP_FAILS(mmap_peer(p.pid, NULL, page, PROT_READ, MAP_SHARED, fd, 0), ENOTSUP);
		CHECK_MAP_FAILS(mmap_peer(p.pid, NULL, 0, PROT_READ, MAP_SHARED, fd, 0), EINVAL);
		CHECK_MAP_FAILS(mmap64_join(p.pid, NULL, page, PROT_READ, MAP_SHARED, fd, 0), ENOTSUP);
		CHECK_UNMAP_FAILS(munmap_peer(p.pid, (void *)0x10000, page), ENOTSUP);
		CHECK_UNMAP_FAILS(mlock_peer(p.pid, 0x10000, page), ENOTSUP);
		CHECK(send(p.channel, &b, 1, 0) == 1 && recv(p.channel, &b, 1, 0) == 1);
	}
	await_state(p.pid, 'S');
	portrait_take(p.pid, &after);
	portrait_same(&before, &after);
	shutdown(p.channel, SHUT_WR);
	CHECK(peer_status(&p) == 0);
	return 0;
}
