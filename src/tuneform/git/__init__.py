"""What git remembers of a project: commits, refs, and files as they were. Reads only.

program      the git program, called so that a stranger's repository cannot run anything
repository   find_repository, and the questions that one repository answers
refs         branches, tags and checkouts; which name may have been meant
objects      trees and contents, from one `git cat-file --batch`
extract      a project as it was at a commit, as files in a folder
changes      whether the work tree is as committed
lfs          files of which git holds only the address

Nothing here knows manifests or datasets, and nothing is ever written into a repository. What git
tells explains a plan, and never decides it.
"""

from tuneform.git.extract import Limits
from tuneform.git.lfs import is_lfs_pointer
from tuneform.git.refs import Ref
from tuneform.git.repository import Commit, Repository, find_repository

__all__ = ["Commit", "Limits", "Ref", "Repository", "find_repository", "is_lfs_pointer"]
