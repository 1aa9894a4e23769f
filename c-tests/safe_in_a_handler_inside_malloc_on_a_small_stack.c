/*
 * A signal handler may call: on an alternate stack of 16 KiB with nothing
 * mapped below it, while the interrupted code is inside malloc() and so holds
 * whatever locks the heap has (any use of the heap from the handler ends the
 * test). errno is the interrupted code's afterwards when the calls succeed.
 */
#include "heap.h"
#include "caller.h"

enum { STACK = 16384, ROUNDS = 50 };

static struct peer target, held;
static int memfd;
static char *stack;
static volatile int rounds;

static void on_signal(int signal)
{
	char here;
	size_t page = check_page();
	void *at;
	(void)signal;
	CHECK(&here >= stack && &here < stack + STACK);
	CHECK(heap_forbidden);
	CHECK_MAPS(at, mmap_peer(target.pid, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
	CHECK_OK(munmap_peer(target.pid, at, page));
	CHECK_MAPS(at, mmap_peer(target.pid, NULL, page, READ_WRITE, MAP_SHARED, memfd, 0));
	CHECK_OK(munmap_peer(target.pid, at, page));
	CHECK_MAPS(at, mmap_peer(getpid(), NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0));
	CHECK_OK(munmap_peer(getpid(), at, page));
	CHECK_MAP_FAILS(mmap_peer(target.pid, NULL, 0, READ_WRITE, PRIVATE_ANON, NOFD, 0), EINVAL);
	CHECK_MAP_FAILS(mmap_peer(-1, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0), ESRCH);
	if (rounds == 0)        /* the longest way: it waits first */
		CHECK_MAP_FAILS(mmap_peer(held.pid, NULL, page, READ_WRITE, PRIVATE_ANON, NOFD, 0), EAGAIN);
	CHECK(mman_peer_explain()[0] != '\0');
	rounds++;
}

static void interrupt(void) { CHECK(raise(SIGUSR1) == 0); }

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
	stack_t alternate = { .ss_size = STACK };
	struct peer debugger;
	char *below;

	(void)argc;
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "300");
	target = consenting_peer();
	held = consenting_peer();
	debugger = debugger_start(held.pid);
	memfd = marked_memfd('m');
	below = mmap(NULL, 65536 + STACK, PROT_NONE, PRIVATE_ANON, -1, 0);
	CHECK(below != MAP_FAILED);
	alternate.ss_sp = stack = below + 65536;
	CHECK(mprotect(stack, STACK, READ_WRITE) == 0);
	CHECK(sigaltstack(&alternate, NULL) == 0);
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);

	for (int i = 0; i < check_rounds(ROUNDS); i++) {
		void *block;
		heap_interruption = interrupt;
		block = malloc(100);
		CHECK(block != NULL);
		free(block);
		CHECK(rounds == i + 1);
	}
	peer_kill(&debugger);
	peer_dismiss(&held);
	peer_dismiss(&target);
	return 0;
}
