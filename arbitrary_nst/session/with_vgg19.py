"""What a session does with VGG19: the refiner, the learner and the judge, each loaded once."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from arbitrary_nst import model_zoo
from arbitrary_nst.engines.loaded import Loaded
from arbitrary_nst.errors import EngineError
from arbitrary_nst.hardware import loading
from arbitrary_nst.hardware.backends import set_backend
from arbitrary_nst.options import LearnOptions, ModelOptions

if TYPE_CHECKING:
    from pathlib import Path

    from arbitrary_nst.refinement.learning import Learner
    from arbitrary_nst.refinement.refiner import Refiner
    from arbitrary_nst.refinement.settings import Refinement
    from arbitrary_nst.scores.judge import Judge


class WithVgg19(Loaded):
    """VGG19's weights and what computes with them. Methods raise ModelError and EngineError."""

    def __init__(self, options: ModelOptions, notify: Callable[[str], None]) -> None:
        super().__init__(options, notify)
        self._vgg19_files: dict[Path | None, model_zoo.Vgg19File] = {}
        self._refiner: tuple[Refinement, Refiner] | None = None
        self._learner: tuple[model_zoo.Vgg19File, Learner] | None = None
        self._judge: tuple[Path | None, Judge] | None = None
        self._told_backend = False

    def unloaded(self) -> dict[str, Any]:
        """The attributes as they are before anything is loaded."""
        return vars(WithVgg19(self.options, self._notify))

    def learner(self, weights: model_zoo.Vgg19File) -> "Learner":
        """With VGG19 loaded; the last one is kept."""
        loading.refuse_after_fork("keras")
        with loading.lock():
            if self._learner is None or self._learner[0] != weights:
                kernels = self._kernels(weights)
                from arbitrary_nst.refinement.learning import Learner

                self._learner = weights, Learner(kernels, precision=self.options.precision)
            return self._learner[1]

    def vgg19(self, how: "Refinement | LearnOptions") -> model_zoo.Vgg19File:
        """The verified file of VGG19's weights for these settings, fetched if need be. Raises ModelError."""
        with loading.lock():
            if how.vgg_weights not in self._vgg19_files:
                self._vgg19_files[how.vgg_weights] = model_zoo.resolve_vgg19(
                    how.vgg_weights,
                    model_dir=self.options.model_dir,
                    offline=self.options.offline,
                    trust=self.options.trust_model,
                    notify=self._notify,
                )
        return self._vgg19_files[how.vgg_weights]

    @property
    def refining_precision(self) -> str:
        """``f32`` or ``bf16``: what a refinement really computes in."""
        from arbitrary_nst.refinement.precision import choose_precision

        self._set_backend()
        return choose_precision(self.options.precision)

    def refiner(self, how: "Refinement") -> "Refiner":
        """The optimiser for these settings; the last one is kept, with what it compiled."""
        loading.refuse_after_fork("keras")
        with loading.lock():
            if self._refiner is None or self._refiner[0] != how:
                from arbitrary_nst.refinement.refiner import Refiner

                vgg19, wanted = self._kernels(self.vgg19(how)), self.options
                self._refiner = how, Refiner(how, vgg19, precision=wanted.precision, max_memory=wanted.max_memory)
            return self._refiner[1]

    def _kernels(self, weights: model_zoo.Vgg19File) -> dict[str, Any]:
        """VGG19's, with Keras to compute with them. Raises EngineError where that has no backend."""
        self._set_backend()
        try:
            from arbitrary_nst.refinement import losses
        except (ImportError, ValueError) as exc:
            reason = f"keras: cannot be imported ({exc})".replace("\n", " ")
            raise EngineError(reason, "KERAS_BACKEND=tensorflow, or install that backend") from exc
        return losses.read_vgg19(weights)

    def _set_backend(self) -> None:
        """Have Keras run on what the options say, and say so where it is not what everybody has."""
        name, why = set_backend(self.options.backend, self.options.device)
        if self.options.backend == "auto" and why.startswith("it sees") and not self._told_backend:
            self._notify(f"refining and learning on {name}: {why}")
            self._told_backend = True

    def judge(self, weights: "Path | None" = None) -> "Judge":
        """What scores pictures, with VGG19's ``weights`` or, for None, those that ``vgg19`` finds."""
        from arbitrary_nst.refinement.settings import Refinement
        from arbitrary_nst.scores.judge import Judge

        loading.refuse_after_fork("keras")
        with loading.lock():
            if self._judge is None or self._judge[0] != weights:
                self._judge = weights, Judge(self._kernels(self.vgg19(Refinement(vgg_weights=weights))))
            return self._judge[1]
