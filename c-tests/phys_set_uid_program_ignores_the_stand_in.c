/*
 * A set-uid program ignores MMAN_PEER_PHYSMEM: whoever starts it must not choose
 * what it takes for the machine's memory. The test makes a copy of itself that
 * belongs to another user and has the set-uid bit. (It has the library inside:
 * the loader would not look for it in LD_LIBRARY_PATH either.)
 *
 * runs-as: root
 * links: static
 */
#include "physmem.h"
#include <sys/auxv.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>

/* Exits with 0 if it got the stand-in's memory, else with the errno. */
static int in_the_copy(int expect_secure)
{
	unsigned char *a;
	CHECK((getauxval(AT_SECURE) != 0) == expect_secure);
	a = mmap_peer(getpid(), NULL, PAGE, PROT_READ, MAP_PHYS | MAP_SHARED, NOFD, 0);
	if (a == MAP_FAILED)
		return errno;
	return a[0] == 61 ? 0 : 255;
}

static int run(const char *file, const char *argument)
{
	char *arguments[] = { "copy", (char *)(uintptr_t)argument, NULL };
	int status;
	pid_t pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		execv(file, arguments);
		_exit(254);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	const uid_t other = 65431;
	struct statvfs fs;
	struct stat st;
	int in, out, result;

	if (argc == 2)
		return in_the_copy(strcmp(argv[1], "secure") == 0);
	CHECK(statvfs(".", &fs) == 0);
	if (fs.f_flag & ST_NOSUID)
		check_skip("the working directory lies on a file system mounted nosuid");
	physmem_begin(argv, PAGE);
	CHECK(fchmod(physmem, 0644) == 0);
	physmem_put(0, 61);
	in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	out = open("copy", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	CHECK(in != -1 && out != -1 && fstat(in, &st) == 0);
	for (off_t done = 0; done < st.st_size;)
		CHECK(sendfile(out, in, &done, (size_t)(st.st_size - done)) > 0);
	CHECK(fchown(out, other, other) == 0 && fchmod(out, S_ISUID | 0755) == 0 && close(out) == 0);

	CHECK(run("/proc/self/exe", "plain") == 0);     /* the means work */
	result = run("./copy", "secure");
	CHECK(unlink("copy") == 0);
	/* /dev/mem is not the other user's to open, or is not there. */
	CHECK(result == EPERM || result == ENODEV);
	return 0;
}
