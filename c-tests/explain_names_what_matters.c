/*
 * The sentence of mman_peer_explain() names what the failure is about: the
 * pid, the descriptor, the flag, the limit. It is never NULL, not before the
 * first call and not after a success, and never longer than a line.
 */
#include "caller.h"

static void check_sentence(const char *word)
{
	const char *sentence = mman_peer_explain();
	CHECK(sentence != NULL);
	if (strstr(sentence, word) == NULL || strchr(sentence, '\n') != NULL)
		fprintf(stderr, "\"%s\" does not name \"%s\"\n", sentence, word);
	CHECK(strstr(sentence, word) != NULL);
	CHECK(strchr(sentence, '\n') == NULL);
}

/* The map fails with that errno, and the sentence has that word. */
#define MAP_SAYS(want, word, ...) \
	do { CHECK_MAP_FAILS(mmap_peer(__VA_ARGS__), want); check_sentence(word); } while (0)
#define UNMAP_SAYS(want, word, ...) \
	do { CHECK_UNMAP_FAILS(munmap_peer(__VA_ARGS__), want); check_sentence(word); } while (0)

/* A target without room: its limits are those of the body that sets them. */
static int limited_body(int channel)
{
	struct rlimit page = { PAGE, PAGE }, few = { 0, 0 };
	CHECK(mman_peer_allow(-1) == 0);
	CHECK(setrlimit(RLIMIT_AS, &page) == 0);
	CHECK(setrlimit(RLIMIT_NOFILE, &few) == 0);
	return obedient_body(channel);
}

static int no_descriptor_body(int channel)
{
	struct rlimit none = { 0, 0 };
	CHECK(mman_peer_allow(-1) == 0);
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	return obedient_body(channel);
}

static int ends(int channel) { (void)channel; return 0; }

int main(int argc, char **argv)
{
	size_t page = check_page();
	struct peer target, limited, no_descriptor, ended, vforked;
	int fd, write_only, read_only, directory, pipes[2];
	char word[32];
	void *at;
	pid_t pid;

	(void)argc;
	CHECK(mman_peer_explain() != NULL);
	rerun_with(argv, "MMAN_PEER_TIMEOUT_MS", "300");
	target = consenting_peer();
	pid = target.pid;
	fd = marked_memfd('e');
	write_only = open("/dev/null", O_WRONLY | O_CLOEXEC);
	read_only = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	directory = open("/", O_RDONLY | O_CLOEXEC);
	CHECK(write_only != -1 && read_only != -1 && directory != -1 && pipe(pipes) == 0);

	MAP_SAYS(ESRCH, "1073741823", 0x3fffffff, NULL, page, PROT_READ, PRIVATE_ANON, NOFD, 0);
	MAP_SAYS(ESRCH, "-5", -5, NULL, page, PROT_READ, PRIVATE_ANON, NOFD, 0);
	ended = peer_start(ends);
	await_state(ended.pid, 'Z');
	snprintf(word, sizeof word, "%d", (int)ended.pid);
	MAP_SAYS(ESRCH, word, ended.pid, NULL, page, PROT_READ, PRIVATE_ANON, NOFD, 0);
	CHECK(peer_status(&ended) == 0);

	MAP_SAYS(EINVAL, "MAP_SHARED", pid, NULL, page, PROT_READ, 0, fd, 0);
	MAP_SAYS(EINVAL, "len", pid, NULL, 0, PROT_READ, PRIVATE_ANON, NOFD, 0);
	MAP_SAYS(EINVAL, "prot", pid, NULL, page, 0x10000, PRIVATE_ANON, NOFD, 0);
	MAP_SAYS(EINVAL, "MAP_SYSRAM", pid, NULL, page, PROT_READ, MAP_ANON | MAP_SYSRAM, NOFD, 0);
	MAP_SAYS(EINVAL, "MAP_ANON", pid, NULL, page, PROT_READ, PRIVATE_ANON, fd, 0);
	MAP_SAYS(ENOTSUP, "MAP_HANDLE", pid, NULL, page, PROT_READ, MAP_SHARED | MAP_HANDLE, NOFD, 0);
	MAP_SAYS(EINVAL, "MAP_STACK", pid, NULL, page, PROT_READ, MAP_SHARED | MAP_STACK, fd, 0);
	MAP_SAYS(EINVAL, "MAP_FIXED", pid, (char *)0x10000 + 1, page, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	MAP_SAYS(EBADF, "4001", pid, NULL, page, PROT_READ, MAP_SHARED, 4001, 0);
	snprintf(word, sizeof word, "descriptor %d", write_only);
	MAP_SAYS(EACCES, word, pid, NULL, page, PROT_READ, MAP_SHARED, write_only, 0);
	snprintf(word, sizeof word, "descriptor %d", read_only);
	MAP_SAYS(EACCES, word, pid, NULL, page, READ_WRITE, MAP_SHARED, read_only, 0);
	MAP_SAYS(ENOTSUP, "directory", pid, NULL, page, PROT_READ, MAP_SHARED, directory, 0);
	MAP_SAYS(ENODEV, "", pid, NULL, page, PROT_READ, MAP_SHARED, pipes[0], 0);
	MAP_SAYS(ENOMEM, "", pid, NULL, TOO_LONG, PROT_READ, PRIVATE_ANON, NOFD, 0);
	UNMAP_SAYS(EINVAL, "len", pid, (void *)page, 0);
	UNMAP_SAYS(EINVAL, "address space", pid, (void *)page, SIZE_MAX);

	limited = peer_start(limited_body);
	(void)peer_mapped(&limited, NULL);
	MAP_SAYS(ENOMEM, "RLIMIT_AS", limited.pid, NULL, page, PROT_READ, PRIVATE_ANON, NOFD, 0);
	peer_kill(&limited);
	no_descriptor = peer_start(no_descriptor_body);
	(void)peer_mapped(&no_descriptor, NULL);
	MAP_SAYS(EMFILE, "RLIMIT_NOFILE", no_descriptor.pid, NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	peer_kill(&no_descriptor);

	vforked = vfork_peer();
	MAP_SAYS(EAGAIN, "vfork", vforked.pid, NULL, page, PROT_READ, PRIVATE_ANON, NOFD, 0);
	check_sentence("MMAN_PEER_TIMEOUT_MS");
	vfork_release();
	peer_dismiss(&vforked);

	CHECK_MAPS(at, mmap_peer(pid, NULL, page, PROT_READ, MAP_SHARED, fd, 0));
	CHECK(mman_peer_explain() != NULL);
	CHECK_OK(munmap_peer(pid, at, page));
	CHECK(mman_peer_explain() != NULL);
	peer_dismiss(&target);
	return 0;
}
